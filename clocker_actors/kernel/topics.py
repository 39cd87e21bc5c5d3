"""Who listens to whom: a table of ids.

It knows no actors, so a subscription outlives the restart of either side and may be made before its publisher exists. Rows are kept in
the order they were made, and messages go out in that order.
"""

from collections.abc import Iterable

EVERYTHING = "*"
"""The topic that stands for all topics of a publisher."""

Rows = dict[str, None]  # a set that keeps its order


class Topics:
    """publisher id -> topic -> subscriber ids, and the way back for those who leave."""

    def __init__(self) -> None:
        self._listeners: dict[str, dict[str, Rows]] = {}
        self._subscribed: dict[str, dict[tuple[str, str], None]] = {}

    def subscribe(self, subscriber: str, publisher: str, topic: str) -> None:
        """Idempotent."""
        self._listeners.setdefault(publisher, {}).setdefault(topic, {})[subscriber] = None
        self._subscribed.setdefault(subscriber, {})[publisher, topic] = None

    def unsubscribe(self, subscriber: str, publisher: str, topic: str) -> None:
        """No error when there was no such subscription."""
        self._forget_listener(subscriber, publisher, topic)
        rows = self._subscribed.get(subscriber)
        if rows is not None:
            rows.pop((publisher, topic), None)
            if not rows:
                del self._subscribed[subscriber]

    def listeners(self, publisher: str, topic: str) -> Iterable[str]:
        """Ids in the order of subscription, each once, those who listen to everything last."""
        topics = self._listeners.get(publisher)
        if topics is None:
            return ()
        exact, everything = topics.get(topic), topics.get(EVERYTHING)
        if exact and everything and topic != EVERYTHING:
            return tuple({**exact, **everything})
        return tuple(exact or everything or ())

    def drop_subscriber(self, subscriber: str) -> None:
        """It listens to nobody any more."""
        for publisher, topic in self._subscribed.pop(subscriber, ()):
            self._forget_listener(subscriber, publisher, topic)

    def drop_publisher(self, publisher: str) -> None:
        """Nobody listens to it any more."""
        for topic, rows in self._listeners.pop(publisher, {}).items():
            for subscriber in rows:
                wanted = self._subscribed.get(subscriber)
                if wanted is not None:
                    wanted.pop((publisher, topic), None)
                    if not wanted:
                        del self._subscribed[subscriber]

    def _forget_listener(self, subscriber: str, publisher: str, topic: str) -> None:
        topics = self._listeners.get(publisher, {})
        rows = topics.get(topic)
        if rows is None:
            return
        rows.pop(subscriber, None)
        if not rows:
            del topics[topic]
            if not topics:
                del self._listeners[publisher]
