"""Secrets for engines that are only simulated: what is written, in files or in variables is so; who would have to be asked is not."""

from clocker_actors.credentials import Source
from clocker_actors.externals import Externals

VALUE = "a simulated secret"


class SimulatedSuppliers:
    """All externals of the settings."""

    def __init__(self, externals: Externals) -> None:
        self._externals = externals

    async def open(self, provider: str, key: str) -> str:
        """The value, or one that says that it is none. Raises SettingsError for what nobody gave."""
        source = self._externals.source(provider, key)
        return self._externals.open(provider, key) if isinstance(source, Source) else VALUE
