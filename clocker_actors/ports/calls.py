"""Where drivers report what they did, so that telemetry can count it without knowing them."""

from typing import Protocol


class CallLog(Protocol):
    """Takes one line per call to the outside: who, what, how it ended ("ok" or an error's class name), how long."""

    def record(self, target: str, operation: str, result: str, seconds: float) -> None: ...
