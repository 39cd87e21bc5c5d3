"""Is a text that was meant as an expression told of, and one that may hold anything left alone?"""

import pytest

from tests.blueprint.reading import application, container, container_faults, fault, knowing

_INSIDE = "has an expression inside a text"
_LIKE = "looks like an expression, which begins with $brooklyn:"


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ('env: {U: \'http://$brooklyn:component("zz").config("x")/\'}', "3:20", _INSIDE),
        ("env: ['U=http://$brooklyn:self']", "3:", _INSIDE),
        ("command: [sh, -c, 'echo $brooklyn:config(\"x\")']", "3:", _INSIDE),
        ("config: {my.key: [{a: 'x$brooklyn:self'}]}", "3:", _INSIDE),
        ("build: {context: ., args: {A: 'x-$brooklyn:config(\"x\")'}}", "3:", _INSIDE),
        ("parameters: [{name: p, default: 'x-$brooklyn:config(\"x\")'}]", "3:", _INSIDE),
        ("env: {V: '$brookyln:config(\"x\")'}", "3:12", _LIKE),
        ("env: {V: 'brooklyn:config(\"x\")'}", "3:12", _LIKE),
        ("env: {V: '$brooklyn.config(\"x\")'}", "3:12", _LIKE),
        ("env: {V: '$Brooklyn:config(\"x\")'}", "3:12", _LIKE),
        ("env: {V: {'$broklyn:config': x}}", "3:", _LIKE),
    ],
)
def test_what_was_meant_as_an_expression(text: str, place: str, words: str) -> None:
    found = [each for each in container_faults(text) if words in each]
    assert len(found) == 1 and found[0].startswith(f"shop.yaml:{place}"), found


def test_it_is_said_once_for_each_text() -> None:
    assert len(container_faults("env: {U: 'a$brooklyn:self', V: '$brookyln:config(\"x\")'}")) == 2
    (told,) = container_faults("env: ['U=$brooklyn:config(\"x\")']")
    assert "as a map" in told


def test_it_is_told_for_the_application_too() -> None:
    assert _INSIDE in fault("services: [docker:web]\nconfig: {a.b: 'x$brooklyn:self'}")


@pytest.mark.parametrize(
    "value",
    ["$brook:x", "${brooklyn:-x}", "$HOME", "brooklyn:1.0", "brooklyn(x)", "$.revision", "$host.name:1", "a $brooklyn b"],
)
def test_texts_that_only_look_a_little_like_it(value: str) -> None:
    assert container(f"env: {{V: '{value}'}}").env["V"] == value


def test_what_is_meant_as_it_stands() -> None:
    found = container("env: {V: '$brooklyn:literal(\"a $brooklyn:self\")'}\nlabels: {a: x}")
    assert found.env["V"] == "a $brooklyn:self"


def test_contents_of_files_and_builds_may_hold_anything() -> None:
    container("files: {/etc/a: 'see $brooklyn:self', /etc/b: {content: '$brookyln:x(1)'}}")
    application("services: [{type: container, build: {inline: 'FROM x$brooklyn:y', files: {a: 'b $brooklyn:c'}}}]")


def test_in_a_file_of_a_type_it_is_told_there() -> None:
    types = knowing("id: a\nversion: 1\ntype: docker:web\nenv: {U: 'x$brooklyn:self'}\n")
    assert fault("services: [a, a]", types).startswith("types-1.yaml:4:12: ")
