"""What do YAML texts hold: positions, scalars as YAML 1.2 takes them, anchors and merge keys?"""

import pytest

from clocker_actors.blueprint.faults import Faults
from clocker_actors.blueprint.nodes import ListNode, MapNode, Mark, Node, ScalarNode, is_null
from clocker_actors.blueprint.reader import read


def _read(text: str | bytes) -> Node:
    faults = Faults("x.yaml")
    node = read(text, faults)
    faults.check()
    assert node is not None
    return node


def _map(text: str) -> MapNode:
    node = _read(text)
    assert isinstance(node, MapNode)
    return node


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("8080:80", "8080:80"),
        ("12", 12),
        ("-3", -3),
        ("0x1F", 31),
        ("0o17", 15),
        ("010", 10),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".inf", float("inf")),
        ("~", None),
        ("null", None),
        ('"12"', "12"),
        ("'true'", "true"),
        ('""', ""),
        ("9" * 50, "9" * 50),
        ("2024-01-01", "2024-01-01"),
    ],
)
def test_scalars(text: str, value: object) -> None:
    node = _map(f"a: {text}").entries["a"].node
    assert isinstance(node, ScalarNode)
    assert node.value == value
    assert type(node.value) is type(value)


def test_positions_count_from_one_in_characters() -> None:
    root = _map("é: ü\nb:\n  - ä: x\n")
    assert root.entries["é"].node.mark == Mark(1, 4)
    below = root.entries["b"].node
    assert isinstance(below, ListNode)
    assert below.items[0].mark == Mark(3, 5)
    assert root.entries["b"].mark == Mark(2, 1)


def test_aliases_and_merge_keys() -> None:
    root = _map("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: {<<: [*a, {z: 4}]}\nd: *a\n")
    second, third = root.entries["b"].node, root.entries["c"].node
    assert isinstance(second, MapNode)
    assert isinstance(third, MapNode)
    assert {key: entry.node.text for key, entry in second.entries.items() if isinstance(entry.node, ScalarNode)} == {"x": "1", "y": "3"}
    assert sorted(third.entries) == ["x", "y", "z"]
    assert root.entries["d"].node == root.entries["a"].node


def test_a_byte_order_mark_and_windows_line_ends_are_nothing() -> None:
    assert _read(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n") == _read("a: 1\nb: 2\n")


def test_nothing_written_is_null() -> None:
    assert is_null(_map("a:\n").entries["a"].node)
