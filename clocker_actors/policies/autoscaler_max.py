"""When to say that more members are wanted than there may be: once each time that it was so for the whole delay."""

from dataclasses import dataclass

from clocker_actors.policies.windows import GRAIN, SizeHistory


@dataclass(slots=True)
class MaxReached:
    """A mutable value of one autoscaler: the sizes wanted before any bound, and whether it was said that they are above the largest allowed."""

    wanted: SizeHistory
    told: bool = False

    def look(self, most: int, delay: float, now: float) -> tuple[float | None, float | None]:
        """(since when more than `most` is wanted, if that is to be said now; when to look again). What is to be said counts as said."""
        since = self.wanted.since(lambda size: size > most)
        if since is None:
            self.told = False
        elif not self.told and since + delay > now + GRAIN:
            return None, since + delay
        elif not self.told:
            self.told = True
            return since, None
        return None, None
