"""What a build leaves on its engine besides its image: the images of stages that it copied from, and of the steps before one that failed.

They have neither name nor label, so nobody could tell later whose they are; but the build says the id of each as it makes it. The steps of the image
itself are its ancestors: the engine keeps them as long as the image, and no longer.
"""

import re

_STEP = re.compile(r"Step \d+/\d+ : (\w+)")
_MADE = re.compile(r" ---> ([0-9a-f]{12,64})\s*$")
_CACHED = " ---> Using cache"


class Steps:
    """Listens to one build. What came from the cache, or is the base of a stage, was not made by it."""

    def __init__(self) -> None:
        self._earlier: list[str] = []
        self._stage: list[str] = []
        self._ours = False

    def heard(self, words: str) -> None:
        """One message of the build's output."""
        if step := _STEP.match(words):
            self._ours = step[1].upper() != "FROM"
            if not self._ours:
                self._earlier += self._stage
                self._stage = []
        elif words.startswith(_CACHED):
            self._ours = False
        elif self._ours and (made := _MADE.match(words)):
            self._stage.append(made[1])

    def left(self, *, failed: bool) -> list[str]:
        """Ids of images that nothing needs any more, each before what it was made from."""
        return [*reversed([*self._earlier, *self._stage] if failed else self._earlier)]
