"""The grammar of expressions, read from left to right without looking back:

    expression  = [ "$brooklyn:" ] call { "." call | "." name | "[" text or number "]" }
    call        = name "(" [ argument { "," argument } ] ")"
    argument    = expression | text | number | true | false | null | "[" arguments "]" | "{" name-or-text ":" argument, … "}"

A name is looked up in the table of functions, by what it is called on, and its arguments are counted and their types checked where they are plain.
Depth is bounded here, the number of words by the lexer.
"""

from dataclasses import dataclass

from clocker_actors.blueprint.dsl.building import MOST_DEPTH, Part, call, plain, selected
from clocker_actors.blueprint.dsl.functions import FUNCTIONS, Gives
from clocker_actors.blueprint.dsl.lexer import DslFault, Kind, Word, words
from clocker_actors.blueprint.nodes import ScalarNode, quote
from clocker_actors.model.expressions import Expression

PREFIX = "$brooklyn:"
_CONSTANTS = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True)
class Head:
    """A function whose arguments stand elsewhere: what it is called on, its name, and where that stands."""

    on: Part | None
    name: str
    offset: int


def parse(node: ScalarNode) -> Part:
    """The expression of a text that begins with the prefix. Raises DslFault."""
    found = _Parser(node, headless=False).whole()
    assert isinstance(found, Part)
    return found


def parse_head(node: ScalarNode) -> Part | Head:
    """The expression of the key of a map, whose last function may have no brackets. Raises DslFault."""
    return _Parser(node, headless=True).whole()


class _Parser:
    """One pass over one text."""

    def __init__(self, node: ScalarNode, *, headless: bool) -> None:
        self._node = node
        self._headless = headless
        start = node.text.index(PREFIX) + len(PREFIX)
        self._words = words(node.text, start)
        self._at = 0
        self._depth = 0

    def whole(self) -> Part | Head:
        found = self._chain(top=True)
        if self._word.kind is not Kind.END:
            raise DslFault(
                self._word.offset, f"{quote(self._word.text)} stands behind the expression; remove it, or put all in formatString"
            )
        return found

    @property
    def _word(self) -> Word:
        return self._words[self._at]

    def _next(self) -> Word:
        word = self._word
        self._at += word.kind is not Kind.END
        return word

    def _is(self, sign: str) -> bool:
        return self._word.kind is Kind.SIGN and self._word.text == sign

    def _take(self, sign: str) -> bool:
        found = self._is(sign)
        self._at += found
        return found

    def _expect(self, sign: str, opened: Word, also: str = "") -> None:
        if self._take(sign):
            return
        if self._word.kind is Kind.END:
            raise DslFault(
                opened.offset,
                f"{quote(opened.text)} is never closed; write {quote(sign)}, and quotes around all of it if it has commas and stands in {{ }} or [ ]",
            )
        raise DslFault(self._word.offset, f"{quote(self._word.text)} where {also}{quote(sign)} was to come; write that")

    def _chain(self, *, top: bool = False) -> Part | Head:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise DslFault(self._word.offset, f"calls inside calls more than {MOST_DEPTH} deep; split it, with `config` for its parts")
        found = self._step(None, top=top)
        while isinstance(found, Part) and (self._is(".") or self._is("[")):
            opened = self._next()
            found = self._item(found, opened) if opened.text == "[" else self._step(found, top=top)
        self._depth -= 1
        return found

    def _step(self, on: Part | None, *, top: bool) -> Part | Head:
        word = self._next()
        if word.kind is not Kind.NAME:
            raise DslFault(word.offset, f"{quote(word.text or 'the end')} where the name of a function was to come; write one, as self()")
        name = word.text
        if name == "function" and self._take("."):
            name = f"function.{self._next().text}"
        opened = self._word
        if self._take("("):
            return call(name, on, self._arguments(")", opened), self._node.at(word.offset), word.offset)
        if top and self._headless and self._word.kind is Kind.END:
            return Head(on, name, word.offset)
        if on is None or name in FUNCTIONS:
            raise DslFault(word.offset, f"the function {quote(name)} has no brackets; write {quote(name + '()')}")
        mark = self._node.at(word.offset)
        return selected(on, plain(name, mark), mark, word.offset)

    def _item(self, on: Part, opened: Word) -> Part:
        key = self._next()
        mark = self._node.at(opened.offset)
        if key.kind is Kind.TEXT:
            part = plain(key.text, mark)
        elif key.kind is Kind.NUMBER and "." not in key.text:
            part = plain(int(key.text), mark)
        else:
            raise DslFault(key.offset, 'what stands in `[ ]` is a text in quotes or a whole number; write ["key"] or [0]')
        self._expect("]", opened)
        return selected(on, part, mark, opened.offset)

    def _arguments(self, closing: str, opened: Word) -> list[Part]:
        found: list[Part] = []
        if self._take(closing):
            return found
        while True:
            found.append(self._argument())
            if not self._take(","):
                self._expect(closing, opened, "a comma or ")
                return found

    def _argument(self) -> Part:
        word = self._word
        mark = self._node.at(word.offset)
        if word.kind is Kind.TEXT:
            self._next()
            return Part(plain(word.text, mark).tree, Gives.VALUE, word.offset)
        if word.kind is Kind.NUMBER:
            self._next()
            return Part(plain(_number(word.text), mark).tree, Gives.VALUE, word.offset)
        if self._take("["):
            return self._nested("list", self._deeper("]", word), word)
        if self._take("{"):
            return self._nested("map", self._pairs(word), word)
        prefixed = self._take(PREFIX)
        if not prefixed and word.kind is Kind.NAME and self._words[self._at + 1].text != "(" and word.text != "function":
            return self._constant(word)
        found = self._chain()
        assert isinstance(found, Part)
        return Part(found.tree, found.gives, word.offset)

    def _constant(self, word: Word) -> Part:
        self._next()
        if word.text not in _CONSTANTS:
            raise DslFault(word.offset, f"{quote(word.text)} is no value; write a text in double quotes, or a function with brackets")
        return Part(plain(_CONSTANTS[word.text], self._node.at(word.offset)).tree, Gives.VALUE, word.offset)

    def _deeper(self, closing: str, opened: Word) -> list[Part]:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise DslFault(opened.offset, f"brackets inside brackets more than {MOST_DEPTH} deep; write it flatter")
        found = self._arguments(closing, opened)
        self._depth -= 1
        return found

    def _pairs(self, opened: Word) -> list[Part]:
        found: list[Part] = []
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise DslFault(opened.offset, f"brackets inside brackets more than {MOST_DEPTH} deep; write it flatter")
        while not self._take("}"):
            key = self._next()
            if key.kind not in (Kind.NAME, Kind.TEXT):
                raise DslFault(key.offset, f"{quote(key.text or 'the end')} where a key was to come; write {{key: value}}")
            self._expect(":", key)
            found += [Part(plain(key.text, self._node.at(key.offset)).tree, Gives.VALUE, key.offset), self._argument()]
            if not self._take(","):
                self._expect("}", opened, "a comma or ")
                break
        self._depth -= 1
        return found

    def _nested(self, op: str, parts: list[Part], opened: Word) -> Part:
        entity = next((part for part in parts if part.gives is Gives.ENTITY), None)
        if entity is not None:
            raise DslFault(entity.offset, 'an entity is not a value; write what of it you want, as .config("…")')
        mark = self._node.at(opened.offset)
        gives = Gives.LATE if any(part.gives is Gives.LATE for part in parts) else Gives.VALUE
        return Part(Expression(op, tuple(part.tree for part in parts), line=mark.line, column=mark.column), gives, opened.offset)


def _number(text: str) -> int | float | str:
    """The number; as text if that would read otherwise, as 1.10."""
    number = float(text) if "." in text else int(text)
    return number if str(number) == text else text
