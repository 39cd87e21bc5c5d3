"""What a template needs, as part of the tree: the data it is filled in from, made of configuration and sensors that it names, and of the substitutions."""

from collections.abc import Mapping

from clocker_actors.errors import BadRequest
from clocker_actors.expressions.needs import ATTRIBUTE, CONFIG, needs
from clocker_actors.model.expressions import LITERAL, Expression, literal

_SELF = Expression("self")


def data_of(text: str, substitutions: Expression) -> Expression:
    """The data as a map of expressions. Raises BadRequest if the text is no template, or the substitutions are no map or hide what is given."""
    wanted = needs(text)
    pairs = _pairs(substitutions)
    for name in (CONFIG, ATTRIBUTE, "components"):
        if name in pairs:
            raise BadRequest(f"`{name}` is given to every template; call the substitution otherwise")
    whole = dict(pairs)
    whole[CONFIG] = _read("config", _SELF, wanted.config.get("", ()))
    whole[ATTRIBUTE] = _read("attributeWhenReady", _SELF, wanted.attribute.get("", ()))
    others = dict.fromkeys(name for name in (*wanted.config, *wanted.attribute) if name)
    whole["components"] = _map({name: _component(name, wanted.config.get(name, ()), wanted.attribute.get(name, ())) for name in others})
    return _map(whole)


def _component(name: str, config: tuple[str, ...], attributes: tuple[str, ...]) -> Expression:
    target = Expression("component", (_SELF, literal(name)))
    return _map({CONFIG: _read("config", target, config), ATTRIBUTE: _read("attributeWhenReady", target, attributes)})


def _read(op: str, target: Expression, names: tuple[str, ...]) -> Expression:
    return _map({name: Expression(op, (target, literal(name))) for name in names})


def _map(entries: Mapping[str, Expression]) -> Expression:
    return Expression("map", tuple(each for key, value in entries.items() for each in (literal(key), value)))


def _pairs(substitutions: Expression) -> dict[str, Expression]:
    if substitutions.op == LITERAL and isinstance(substitutions.value, Mapping):
        return {str(key): literal(value) for key, value in substitutions.value.items()}
    if substitutions.op != "map":
        raise BadRequest("the substitutions of a template are a map; write {name: value}")
    return {str(key.value): value for key, value in zip(substitutions.args[::2], substitutions.args[1::2], strict=True)}
