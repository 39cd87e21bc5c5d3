"""Are image references taken apart as engines take them?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clocker_actors.blueprint.images import ImageReference, parse_image

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("redis", ImageReference("", "redis", "latest", "")),
        ("redis:7", ImageReference("", "redis", "7", "")),
        ("team/web:1", ImageReference("", "team/web", "1", "")),
        ("registry.host:5000/img:1", ImageReference("registry.host:5000", "img", "1", "")),
        ("localhost/a/b", ImageReference("localhost", "a/b", "latest", "")),
        ("localhost:5000/a", ImageReference("localhost:5000", "a", "latest", "")),
        ("[::1]:5000/a:b", ImageReference("[::1]:5000", "a", "b", "")),
        (f"redis@{DIGEST}", ImageReference("", "redis", "", DIGEST)),
        (f"ghcr.io/a/b__c.d-e:v1@{DIGEST}", ImageReference("ghcr.io", "a/b__c.d-e", "v1", DIGEST)),
    ],
)
def test_references(text: str, parsed: ImageReference) -> None:
    assert parse_image(text) == parsed


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "1 to 512 characters"),
        ("a" * 513, "1 to 512 characters"),
        ("Redis", "is not an image name"),
        ("a//b", "is not an image name"),
        ("a:b:c", "`b:c` is not a tag"),
        ("a:", "`` is not a tag"),
        ("a@sha256:12", "is not a digest"),
        ("http://a/b", "`http:` is not a registry"),
        ("a b", "is not an image name"),
        ("-a", "is not an image name"),
    ],
)
def test_what_is_none(text: str, words: str) -> None:
    found = parse_image(text)
    assert isinstance(found, str)
    assert words in found


_part = st.from_regex(r"[a-z0-9]{1,8}([._-][a-z0-9]{1,4})?", fullmatch=True)
_references = st.builds(
    ImageReference,
    registry=st.sampled_from(["", "localhost", "a.b", "host:5000", "10.0.0.1:5000"]),
    repository=st.lists(_part, min_size=1, max_size=3)
    .map("/".join)
    .filter(lambda name: "." not in name.partition("/")[0] and not name.startswith("localhost")),
    tag=st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,10}", fullmatch=True),
    digest=st.sampled_from(["", DIGEST]),
)


@given(_references)
def test_what_is_written_is_read_again(reference: ImageReference) -> None:
    assert parse_image(str(reference)) == reference
