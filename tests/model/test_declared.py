"""What is said of an effector that a blueprint declares without a description?"""

from collections.abc import Mapping

import pytest

from clocker_actors.model.declared import CONTAINER, EXEC, HTTP, effector_of
from clocker_actors.model.types import PolicyType
from clocker_actors.model.values import Value


@pytest.mark.parametrize(
    ("kind", "config", "says"),
    [
        (EXEC, {"command": "ls"}, "runs `ls` in the container"),
        (EXEC, {"command": "ls", "description": "lists"}, "lists"),
        (EXEC, {"command": "a\n  b " + "c" * 100}, f"runs `a b {'c' * 55}…` in the container"),
        (CONTAINER, {"image": "busybox:1"}, "runs a container of busybox:1"),
        (CONTAINER, {"image": "busybox:1", "command": "date"}, "runs `date` in a container of busybox:1"),
        (HTTP, {"uri": "http://x/flush"}, "asks http://x/flush by POST"),
        (HTTP, {"port": 80, "method": "GET"}, "asks / at port 80 of the container by GET"),
    ],
)
def test_it_says_what_it_does(kind: PolicyType, config: Mapping[str, Value], says: str) -> None:
    assert effector_of(kind, {"effector": "it", **config}).meaning == says
