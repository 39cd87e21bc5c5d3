"""Text to specs: reads the YAML that people write and gives the frozen values of `model.specs`.

`parse` is the way in; it either gives a whole blueprint or raises one `BlueprintError` with every fault of the file, each at its line and column.
This room does no I/O (files named in a blueprint are only listed, for whoever uploads them), knows no policy (types come in a `TypeTable`) and is
the only one that knows YAML; another syntax would be a second reader giving the same nodes.
"""

from clocker_actors.blueprint.blobs import FileReference, ParsedBlueprint, with_blobs
from clocker_actors.blueprint.parser import parse

__all__ = ["parse", "ParsedBlueprint", "FileReference", "with_blobs"]
