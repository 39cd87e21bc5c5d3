"""The expressions that may stand for values in a blueprint, such as `$brooklyn:component("db").attributeWhenReady("host.address")`.

`functions` is the table of all there is; `lexer` and `parser` read the form that is a text, `forms` the forms that are maps. What they give is a tree whose
targets are still words: the parts of the room that know the services of the file make them absolute, and work out what is known already.
"""

from clocker_actors.blueprint.dsl.forms import begins, expression_of
from clocker_actors.blueprint.dsl.parser import PREFIX

__all__ = ["expression_of", "begins", "PREFIX"]
