"""Works out what is plain already: an operation all of whose arguments are values becomes the value.

Trees share parts (a configuration that is read in many places is one tree), so each part is worked out once.
"""

from dataclasses import replace

from clocker_actors.errors import BadRequest
from clocker_actors.expressions.functions import OPERATIONS
from clocker_actors.model.expressions import LITERAL, Expression


class FoldFault(BadRequest):
    """An operation that cannot work with its values, written at this place (0: nowhere)."""

    def __init__(self, text: str, line: int, column: int) -> None:
        super().__init__(text)
        self.line, self.column = line, column


def fold(expression: Expression) -> Expression:
    """The expression with everything worked out that needs no reading, place or secret. Raises FoldFault where that is not possible."""
    return _fold(expression, {})


def _fold(expression: Expression, known: dict[int, Expression]) -> Expression:
    if not expression.args and expression.op not in OPERATIONS:
        return expression
    done = known.get(id(expression))
    if done is not None:
        return done
    args = tuple(_fold(arg, known) for arg in expression.args)
    operation = OPERATIONS.get(expression.op)
    if operation is not None and all(arg.op == LITERAL for arg in args):
        try:
            value = operation([arg.value for arg in args])
        except BadRequest as fault:
            raise FoldFault(str(fault), expression.line, expression.column) from None
        result = Expression(LITERAL, value=value, line=expression.line, column=expression.column)
    elif any(new is not old for new, old in zip(args, expression.args, strict=True)):
        result = replace(expression, args=args)
    else:
        result = expression
    known[id(expression)] = result
    return result
