"""The aggregator: one sensor of all members (or of all services below), made one value."""

from collections.abc import Callable, Mapping

from clocker_actors.enrichers.derived import SOURCE, TARGET
from clocker_actors.enrichers.gatherer import GATHERED, GROUPS, Gatherer
from clocker_actors.enrichers.gathering import WAYS, Rules
from clocker_actors.enrichers.quorum import NAMES, is_quorum
from clocker_actors.errors import BadRequest
from clocker_actors.expressions import holds
from clocker_actors.expressions.predicates import check as check_predicate
from clocker_actors.model.formula import formula
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import Value, as_number


def _check(config: Mapping[str, Value]) -> tuple[str, str] | None:
    quorum = str(config["quorumCheck"])
    if not is_quorum(quorum):
        return "quorumCheck", f"quorumCheck {quorum!r} is no quorum; write {', '.join(NAMES)}, a number, or a share as 50%"
    try:
        _filter(config["valueFilter"])
    except BadRequest as fault:
        return "valueFilter", f"valueFilter: {fault}"
    return None


def _filter(written: Value) -> Callable[[Value], bool] | None:
    """Which values count. Raises BadRequest for what is neither a formula of value nor a predicate."""
    if written is None:
        return None
    if isinstance(written, Mapping):
        check_predicate(written)
        return lambda value: holds(value, written)
    function = formula(str(written))
    if unknown := function.names - {"value"}:
        raise BadRequest(f"it names {', '.join(sorted(unknown))}; it knows value")
    return lambda value: bool(function({"value": value}))


AGGREGATOR = PolicyType(
    "aggregator",
    "enricher",
    (
        SOURCE,
        TARGET,
        KeyType("transformation", "string", "average", "what is made of them", choices=WAYS),
        KeyType("defaultValueForUnreportedSensors", "number", None, "the number that stands for each member without a reading"),
        KeyType("valueToReportIfNoSensors", "string", None, "what is given when no member has a reading; else the sensor is unavailable"),
        KeyType("excludeBlank", "boolean", True, "leave out empty texts"),
        KeyType(
            "valueFilter",
            "any",
            None,
            "those for which it is true count: a formula of value, as value > 0, or a predicate, as {greater-than: 0}",
        ),
        KeyType("quorumCheck", "string", "all", f"how many are enough for isQuorate: {', '.join(NAMES)}, a number, or a share as 50%"),
        *GATHERED,
    ),
    ("Aggregator", "org.apache.brooklyn.enricher.stock.Aggregator", "brooklyn.enricher.basic.Aggregator"),
    "gives the average, sum, least, greatest, first or list of a sensor of all members, or whether enough of them agree",
    kinds=GROUPS,
    gives=("targetSensor",),
    gathers=("sourceSensor",),
    check=_check,
)


def _given(text: Value) -> float | None:
    """The number a key says, which may also be a text."""
    try:
        return float(text) if isinstance(text, str) else as_number(text)
    except ValueError:
        return None


class Aggregator(Gatherer):
    """Gives one reading at most every `publishPeriod`; its count says how many members are in it."""

    type = AGGREGATOR

    def rules(self) -> Rules:
        passes = _filter(self.config["valueFilter"])

        def wanted(value: Value) -> bool:
            try:
                return passes is None or passes(value)
            except (ValueError, BadRequest):  # a formula that cannot be worked out, or an `assert` that fails
                return False

        return Rules(
            self.text_of("transformation"),
            self.config["defaultValueForUnreportedSensors"],
            self.config["excludeBlank"] is True,
            wanted if passes else None,
            self.text_of("quorumCheck"),
        )

    def result(self) -> None:
        value = self.gathering.value(len(self.members))
        otherwise = self.config["valueToReportIfNoSensors"]
        if value is None and otherwise is not None:
            number = _given(otherwise)
            value = otherwise if number is None else number
        self.give_value(self.text_of("targetSensor"), value, "no member reports it")
