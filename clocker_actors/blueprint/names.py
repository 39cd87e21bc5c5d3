"""Names and ids of services that the file does not give: made from what is known, the same ones each time the same file is read.

What is written comes first; what is made keeps clear of it. Names are one path segment, so they are unique among the children of one parent.
"""

from collections.abc import Sequence

from clocker_actors.blueprint.context import Context, Names, slug
from clocker_actors.blueprint.nodes import ScalarNode
from clocker_actors.blueprint.tree import Raw


def assign(services: Sequence[Raw], context: Context) -> None:
    """Give each service a name that is free beside its siblings and an id that is free in the file; also their children and members."""
    _level(services, Names(context.ids))


def _level(services: Sequence[Raw], ids: Names) -> None:
    names = Names(raw.name for raw in services if raw.name)
    for raw in services:
        raw.name = raw.name or names.fresh(_suggested(raw))
        raw.id = raw.id or ids.fresh(raw.name)
        if raw.member is not None:
            raw.member.id = raw.member.id or ids.fresh(f"{raw.id}-member")
            _level((raw.member,), ids)
        _level(raw.children, ids)


def _suggested(raw: Raw) -> str:
    """A name for a service that has none: from its id, type of the catalogue, image or kind."""
    if raw.id:
        return raw.id
    if raw.types:
        return slug(raw.types[0].partition(":")[0])
    image = raw.image or raw.config.node("image")
    if isinstance(image, ScalarNode) and not image.text.startswith("$"):
        return slug(image.text.partition("@")[0].rpartition("/")[2].partition(":")[0])
    return raw.kind
