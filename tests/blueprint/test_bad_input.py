"""Does each way to get a blueprint wrong say what is wrong, where, and one thing to do?"""

import time

import pytest

from tests.blueprint.reading import fault, faults

_SERVICE = "services:\n- type: docker:web\n"

CASES: dict[str, tuple[str | bytes, str, str, str]] = {
    "not YAML": ("services: [\n}", "2:1", "not YAML", "check indentation, quotes and brackets"),
    "empty": ("", "1:1", "the file is empty", "begin with `services:`"),
    "only comments": ("# nothing\n---\n", "1:1", "the file is empty", "begin with `services:`"),
    "a word": ("hello", "1:1", "a blueprint is a map of keys, not `hello`", "begin with `services:`"),
    "a list": ("- type: docker:web", "1:1", "a map of keys, not a list", "begin with `services:`"),
    "no services": ("name: shop", "1:1", "a blueprint needs services", "begin with `services:`"),
    "services is a map": ("services: {a: b}", "1:11", "`services` has a map", "write a list"),
    "unknown type": ("services:\n- type: clustr", "2:9", "`clustr` is not a known type", "did you mean `cluster`"),
    "an image as type": ("services:\n- type: web:7", "2:9", "`web:7` is not a known type", "for an image write `docker:web:7`"),
    "unknown key": (_SERVICE + "  porst: [80]", "3:3", "`porst` is not a key of a container", "did you mean `ports`?"),
    "unknown root key": ("nmae: a\n" + _SERVICE, "1:1", "`nmae` is not a key of a blueprint", "did you mean `name`"),
    "slip in config": (_SERVICE + "  config: {memry: 1g}", "3:12", "`memry` is not a key", "did you mean `memory`?"),
    "wrong type": (_SERVICE + "  memory: plenty", "3:11", "`memory` has `plenty`", "write a size such as 512m or 2GiB"),
    "wrong range": (_SERVICE + "  cpus: 0", "3:9", "`cpus` is `0`, out of range", "from 0.01 to 1024"),
    "missing image": ("services:\n- type: container", "2:3", "no image", "write `image: name:tag`"),
    "bad image": ("services:\n- type: docker:Redis", "2:9", "`Redis` is not an image name", "lower-case"),
    "port clash": (_SERVICE + "  ports: ['80:80', '80:81']", "3:20", "host port 80/tcp is already taken on line 3", "use another"),
    "tabs": ("services:\n\t- type: docker:web", "2:1", "a tab cannot indent YAML", "use spaces"),
    "a tab further in": ("services:\n- type: docker:web\n  \tname: x", "3:3", "a tab cannot indent YAML", "use spaces"),
    "duplicate key": ("name: a\nname: b\n" + _SERVICE, "2:1", "key `name` is here a second time, first on line 1", "keep one"),
    "two spellings": (_SERVICE + "  env: {}\n  environment: {}", "4:3", "`environment` and `env` on line 3 are the same key", "keep one"),
    "a tag": ("name: !!python/object:os.system x\n" + _SERVICE, "1:7", "tag `tag:yaml.org,2002:python/object:os.system`", "plain value"),
    "no such alias": ("name: *shop\n" + _SERVICE, "1:7", "alias `*shop` names nothing", "put `&shop` at a value above"),
    "alias in itself": ("services: &a\n- *a", "2:3", "stands inside what it names", "write out the value"),
    "two documents": (_SERVICE + "---\nname: b", "3:1", "a second document", "one blueprint per file"),
    "too deep": ("[" * 100, "1:49", "nested deeper than 48 levels", "write it flatter"),
    "control character": ("name: a\x07b\n" + _SERVICE, "1:8", "character U+0007", "remove it"),
    "NUL": (_SERVICE + '  user: "a\\0b"', "3:9", "a NUL character", "remove it"),
    "not UTF-8": (b"name: shop\xff\n", "1:11", "not UTF-8", "save the file as UTF-8"),
    "list as key": ("[a]: b\n" + _SERVICE, "1:1", "a key must be a word", "quotes"),
    "name for a path": ("name: My Shop\n" + _SERVICE, "1:7", "name `My Shop` cannot stand in a path", "write for example `My-Shop`"),
    "label of the manager": (_SERVICE + "  labels: {clocker.member: m1}", "3:11", "the manager's own", "use another name"),
    "an expression": (_SERVICE + '  env: {A: $brooklyn:config("a")}', "3:22", "`a` is not configuration of `web`", "known are"),
    "machines at a service": (
        _SERVICE + "  location: ssh:root@blue",
        "3:13",
        "a service runs in one docker cloud",
        "write `location: hosts`",
    ),
}


TWICE = "services:\n- {type: docker:a, id: one}\n- {type: docker:b, id: two}\n- {type: docker:c, id: one}\n"
LARGE = "services:\n" + "- type: docker:web\n" * 550_000
BOMB = "\n".join(
    (
        "a: &a [x, x, x, x, x, x, x, x, x]",
        *(f"{this}: &{this} [{', '.join([f'*{last}'] * 9)}]" for last, this in zip("abcdefgh", "bcdefghi", strict=True)),
    )
)


@pytest.mark.parametrize("case", CASES)
def test_says_what_where_and_what_to_do(case: str) -> None:
    text, where, what, do = CASES[case]
    found = fault(text)
    assert found.startswith(f"shop.yaml:{where}: ")
    assert what in found
    assert do in found.partition(f"{where}: ")[2].partition(what)[2]


def test_two_services_with_one_id_are_both_named() -> None:
    found = fault(TWICE)
    assert found == "shop.yaml:4:24: id `one` is also that of the service on line 2; give each service its own"


def test_ids_are_one_space_over_children_and_members() -> None:
    text = """\
    services:
    - {type: cluster, id: one, memberSpec: {type: docker:a, id: two}}
    - {type: group, children: [{type: docker:b, id: two}, {type: docker:b, id: one}]}
    """
    assert [each.partition(": ")[2][:8] for each in faults(text)] == ["id `two`", "id `one`"]


def test_two_services_of_one_name_beside_each_other() -> None:
    text = "services:\n- {type: docker:a, name: web}\n- {type: docker:b, name: web}\n"
    assert fault(text) == "shop.yaml:3:3: name `web` is also that of the service beside it on line 2; give each its own"


def test_a_file_of_ten_megabytes_is_refused_at_once() -> None:
    assert len(LARGE) > 10_000_000
    start = time.process_time()
    found = fault(LARGE)
    assert time.process_time() - start < 0.5
    assert found.startswith("shop.yaml:1:1: the file is larger than 1024 KiB")
    assert "split it" in found


def test_an_alias_bomb_is_refused_at_once() -> None:
    start = time.process_time()
    found = fault(BOMB)
    assert time.process_time() - start < 0.5
    assert found == "shop.yaml:5:28: more than 50000 values with aliases written out; use fewer of them, or split the file"


def test_a_key_written_twice_or_a_tag_hides_no_other_fault() -> None:
    text = "name: a\nname: b\nlocation: !here x\nservices:\n- type: clustr\n- {type: docker:web, porst: 1, id: x, id: y}\n"
    assert [each.split(":", 3)[1:3] for each in faults(text)] == [["2", "1"], ["3", "11"], ["5", "9"], ["6", "22"], ["6", "39"]]


def test_what_follows_from_an_alias_that_names_nothing_is_not_told() -> None:
    assert "alias `*web` names nothing" in fault("services: *web")
    assert "alias `*web` names nothing" in fault("services:\n- type: container\n  image: *web")
    assert "`<<` takes a map" in fault("services:\n- {type: container, <<: docker}")


def test_all_faults_come_at_once_in_the_order_of_the_file() -> None:
    found = faults("""\
        name: My Shop
        services:
        - type: clustr
        - type: docker:Redis
          porst: 1
          memory: lots
        - type: cluster
          initialSize: -1
          memberSpec: {type: container, cpus: 0}
        """)
    assert [each.split(":", 3)[1:3] for each in found] == [
        ["1", "7"],
        ["3", "9"],
        ["4", "9"],
        ["5", "3"],
        ["6", "11"],
        ["8", "16"],
        ["9", "15"],
        ["9", "39"],
    ]


def test_many_faults_are_counted_after_the_first_hundred() -> None:
    found = faults("services:\n" + "".join(f"- type: x{number}\n" for number in range(150)))
    assert len(found) == 101
    assert found[-1] == "shop.yaml:1:1: and 50 more faults; mend these first"
