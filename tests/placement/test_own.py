"""Strategies and predicates of somebody's own: found where they are allowed, asked as documented, and blamed by name when they fail."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.blueprint.affinity import rules_of
from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.errors import BlueprintError
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import Uid
from clocker_actors.model.placements import HostView, PlacementRequest, Resident
from clocker_actors.model.specs import StrategySpec
from clocker_actors.model.types import TypeTable
from clocker_actors.placement.index import HostIndex
from clocker_actors.placement.pipeline import place, table
from tests.flows.stories import running
from tests.flows.support import managed
from tests.placement.samples import host, placed, refused, request, strategy

EXAMPLE = Path(__file__).parents[2] / "blueprints" / "own-strategy"
CORNER = (EXAMPLE / "corner.yaml").read_text()


@pytest.fixture
def allowed(monkeypatch: pytest.MonkeyPatch) -> Iterator[TypeTable]:
    """The table of types of a daemon that may use the example's package."""
    monkeypatch.syspath_prepend(str(EXAMPLE))
    yield type_table(["warm_hosts"])


def index(types: TypeTable, *views: HostView) -> HostIndex:
    made = HostIndex(types=types)
    for view in views:
        made.add(view)
    return made


def own(**makers: object) -> TypeTable:
    return TypeTable(makers=makers)  # type: ignore[arg-type]


def test_the_examples_strategies_do_what_they_say(allowed: TypeTable) -> None:
    parsed = parse(CORNER, "corner.yaml", allowed)
    member = parsed.blueprint.applications[0].services[0].cluster
    assert member is not None
    chosen = member.member.strategies
    pool = index(allowed, host(1, cpu=10.0), host(2, cpu=50.0), host(3, cpu=None))
    assert [placed(request(number), pool, *chosen).host for number in range(6)] == ["h2", "h2", "h1", "h1", "h3", "h3"]
    answer = refused(request(7), pool, *chosen)
    assert "host-1: 2 containers of this application are here, 2 may be" in answer.decision.reason
    verdicts = table(request(7), pool, chosen[1:])
    assert [each.reason for each in verdicts] == [
        "warm_hosts:Warmest ranks it -52",
        "warm_hosts:Warmest ranks it -12",
        "warm_hosts:Warmest ranks it -2",
    ]


def test_the_examples_predicate_keeps_away_from_databases(allowed: TypeTable) -> None:
    pool = index(allowed, host(1), host(2))
    pool.occupy(request(1, type="postgres:16"), Uid("h1"), {})
    assert placed(request(2, affinity=rules_of("NOT PREDICATE warm_hosts:is_database")), pool, strategy("DepthFirst")).host == "h2"


def test_installed_they_are_known_by_the_names_that_its_package_gives_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `pip install` leaves it: the package, and its entry points beside it."""
    given = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    groups = given["entry-points"].items()
    lines = [f"[{group}]\n" + "".join(f"{name} = {where}\n" for name, where in points.items()) for group, points in groups]
    installed = tmp_path / f"warm_hosts-{given['version']}.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {given['name']}\nVersion: {given['version']}\n")
    (installed / "entry_points.txt").write_text("".join(lines))
    for folder in (tmp_path, EXAMPLE):
        monkeypatch.syspath_prepend(str(folder))
    named = CORNER.replace("warm_hosts:", "")
    with pytest.raises(BlueprintError, match="`NotTooMany` is not a known placement strategy"):
        parse(named, "corner.yaml", TypeTable())
    table = type_table(())
    parse(named, "corner.yaml", table)
    assert placed(request(1), index(table, host(1, cpu=10.0), host(2, cpu=50.0)), strategy("Warmest")).host == "h2"


async def test_it_takes_effect_in_a_living_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allowed: TypeTable) -> None:
    world = SimulatedWorld()
    monkeypatch.setattr("tests.flows.support.type_table", lambda: allowed)
    async with managed(tmp_path / "s", world=world, strategy_modules="warm_hosts") as driven:
        done = await driven.ended(await driven.deploy(CORNER))
        assert done.state is ActivityState.DONE, driven.picture()
        counts = [sum(engine.name == name for engine, _ in running(world)) for name in world.engines]
        assert max(counts) == 2


def test_a_blueprint_can_name_only_what_the_daemon_allows() -> None:
    with pytest.raises(BlueprintError, match=r"corner\.yaml:10:5: `warm_hosts:NotTooMany` is not a known placement strategy"):
        parse(CORNER, "corner.yaml", type_table())
    with pytest.raises(BlueprintError, match="`os:system` is not a known placement strategy"):
        parse("services: [{type: 'docker:a:1', strategies: ['os:system']}]", "x.yaml", type_table())
    with pytest.raises(
        BlueprintError,
        match="`os:abort` is no predicate this manager knows: install it as an entry point, or name its module in the setting strategy_modules",
    ):
        parse("services: [{type: 'docker:a:1', affinity: 'PREDICATE os:abort'}]", "x.yaml", type_table())
    left_to_the_manager = parse(CORNER, "corner.yaml", type_table(partial=True)).blueprint.applications[0].services[0].cluster
    assert left_to_the_manager is not None
    assert left_to_the_manager.member.strategies[0] == StrategySpec("warm_hosts:NotTooMany", {"most": 2})


def test_wrong_keys_are_faults_of_the_blueprint(allowed: TypeTable) -> None:
    with pytest.raises(BlueprintError, match=r"`least` is not a key of warm_hosts:NotTooMany"):
        parse(CORNER.replace("most: 2", "least: 2"), "corner.yaml", allowed)


PICKY = """
class Picky:
    def __init__(self, share=0.5):
        if share > 1:
            raise ValueError(f"share is {share}, above 1")

    keys = (KeyType("share", "number", 0.5, "of one"), KeyType("zone", "string", None, "where", choices=("a", "b")))

    def rank(self, host, request):
        return 0
"""


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("share: 3", "picky_strategy:Picky: could not be made: ValueError: share is 3, above 1"),
        ("share: much", "`share` has `much`"),
        ("zone: c", "`zone` cannot be `c`; write one of a, b"),
    ],
)
def test_wrong_values_are_faults_of_the_file_where_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, words: str
) -> None:
    (tmp_path / "picky_strategy.py").write_text("from clocker_actors.model.types import KeyType\n" + PICKY)
    monkeypatch.syspath_prepend(str(tmp_path))
    text = f"services:\n- type: docker:a:1\n  id: web\n  strategies:\n  - picky_strategy:Picky: {{{written}}}\n"
    with pytest.raises(BlueprintError) as caught:
        parse(text, "x.yaml", type_table(["picky_strategy"]))
    (found,) = caught.value.faults
    assert found.startswith("x.yaml:5:") and words in found, found


class Raises:
    def refuses(self, host: HostView, request: PlacementRequest) -> str:
        raise ValueError(f"cannot judge {host.name}")


class Mumbles:
    def refuses(self, host: HostView, request: PlacementRequest) -> object:
        return None


class NoNumber:
    def rank(self, host: HostView, request: PlacementRequest) -> object:
        return float("nan")


class Nothing:
    pass


class CannotBeMade:
    def __init__(self) -> None:
        raise RuntimeError("no sensor")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Raises, "Own failed on host-1: ValueError: cannot judge host-1"),
        (Mumbles, "Own said None of host-1: `refuses` answers a text"),
        (NoNumber, "Own said nan of host-1: `rank` answers a finite number"),
        (Nothing, "Own is no strategy: give it a method `refuses` or `rank`"),
        (CannotBeMade, "Own could not be made: RuntimeError: no sensor"),
    ],
)
def test_one_that_fails_refuses_the_placement_with_its_name(kind: type, words: str) -> None:
    pool = index(own(Own=kind), host(1))
    answer = refused(request(), pool, strategy("Own"))
    assert answer.decision.reason == f"a placement strategy cannot be used: {words}"
    assert pool.host(Uid("h1")).containers == 0
    placed(request(), pool)


def test_a_predicate_that_fails_refuses_the_hosts_it_failed_on() -> None:
    def fails(who: Resident) -> bool:
        raise KeyError(who.member)

    pool = index(TypeTable(predicates={"fails": fails}), host(1), host(2))
    pool.occupy(request(1), Uid("h1"), {})
    wanted = request(2, affinity=rules_of("NOT PREDICATE fails"))
    answer = place(wanted, pool, decision_id="d1", at=1.0)
    assert answer.decision.action == "place on host-2"
    assert answer.decision.placement is not None
    assert (
        answer.decision.placement.examples[0].reason
        == "predicate fails has failed on 1 of 1 on host-1; NOT PREDICATE fails cannot be judged"
    )


def test_a_module_that_cannot_be_imported_does_not_stop_the_daemon(caplog: pytest.LogCaptureFixture) -> None:
    assert "nowhere:Strategy" not in type_table(["nowhere_to_be_found"]).strategies
    assert "module of strategies not loaded" in caplog.text
