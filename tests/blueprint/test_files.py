"""Are the files a blueprint names listed for upload, and their sums put where they belong?"""

import pytest

from clocker_actors.blueprint import FileReference, parse, with_blobs
from clocker_actors.errors import BadRequest
from clocker_actors.model.specs import Blueprint, BuildSpec
from tests.blueprint.reading import TYPES, service_faults

SUM = "ab" * 32


@pytest.mark.parametrize(
    ("text", "path", "dockerfile"),
    [
        ("build: web", "web", "Dockerfile"),
        ("build: ./a/../web/", "web", "Dockerfile"),
        ("build: .", ".", "Dockerfile"),
        ("build: ../shared/web", "../shared/web", "Dockerfile"),
        ("build: {context: web, dockerfile: docker/Web}", "web", "docker/Web"),
        ("dockerfile: web/Dockerfile.dev", "web", "Dockerfile.dev"),
        ("dockerfile: Dockerfile", ".", "Dockerfile"),
        ("dockerfileUrl: web/Dockerfile", "web", "Dockerfile"),
    ],
)
def test_contexts(text: str, path: str, dockerfile: str) -> None:
    parsed = parse(f"services: [{{type: container, {text}}}]", "x.yaml", TYPES)
    assert parsed.files == (FileReference(path, f"file:{path}"),)
    blueprint = with_blobs(parsed, {f"file:{path}": SUM})
    spec = blueprint.applications[0].services[0].container
    assert spec is not None
    assert spec.image.build == BuildSpec(SUM, dockerfile)


def _references(blueprint: Blueprint) -> list[str]:
    return [each.container.image.reference for each in blueprint.applications[0].services if each.container]


def test_an_image_is_named_after_what_it_is_built_from() -> None:
    text = """\
services:
- {type: container, build: web}
- {type: container, build: {context: web}}
- {type: container, build: {context: web, args: {A: b}}}
- {type: container, build: other}
"""
    parsed = parse(text, "x.yaml", TYPES)
    assert [file.path for file in parsed.files] == ["web", "other"]
    first, second, third, fourth = _references(with_blobs(parsed, {"file:web": SUM, "file:other": SUM}))
    assert first == second == fourth
    assert third != first
    assert first.startswith("clocker/build:")
    assert _references(with_blobs(parsed, {"file:web": "00" * 32, "file:other": SUM}))[0] != first


def test_members_and_children_are_reached() -> None:
    text = "services: [{type: group, children: [{type: cluster, memberSpec: {type: container, build: web}}]}]"
    blueprint = with_blobs(parse(text, "x.yaml", TYPES), {"file:web": SUM})
    cluster = blueprint.applications[0].services[0].children[0].cluster
    assert cluster is not None
    assert cluster.member.container is not None
    assert cluster.member.container.image.build == BuildSpec(SUM)


def test_a_missing_blob_is_named() -> None:
    with pytest.raises(BadRequest, match="were not uploaded: web"):
        with_blobs(parse("services: [{type: container, build: web}]", "x.yaml", TYPES), {})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("build: /etc", "`/etc` is not a path next to the blueprint"),
        ("build: ~/web", "is not a path next to the blueprint"),
        ("dockerfile: http://a/Dockerfile", "is not a path next to the blueprint"),
        ("build: {context: web, dockerfile: ../Dockerfile}", "is not a file inside its build context"),
        ("build: {context: web}\ndockerfile: x", "move it into `build`"),
        ("build: [web]", "`build` has a list; write a map with keys such as context, dockerfile, args"),
        ("image: web\nbuild: web", "`image` and `build` both say the image"),
        ("build: {contxt: web}", "did you mean `context`"),
    ],
)
def test_wrong_builds(text: str, words: str) -> None:
    (found,) = service_faults(f"type: container\n{text}")
    assert words in found
