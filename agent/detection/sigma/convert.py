"""pySigma's condition tree → ours (`form.py`). What we cannot evaluate is refused here, by field.

pySigma has already resolved modifiers that only rewrite values (windash, base64, base64offset, wide, utf16, expansion
into alternatives), selectors (`1 of sel*`) and references to detections. What is left is one value type per test.
"""

from __future__ import annotations

from typing import Any, Final, cast

from sigma import types
from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.types import SpecialChars

from agent.detection.sigma.form import (
    ANY,
    ONE,
    And,
    Cidr,
    Compare,
    Exists,
    Node,
    Not,
    Null,
    Operator,
    Or,
    Regex,
    Same,
    Text,
    TimePart,
)
from agent.detection.sigma.regex import RegexRefused, searcher

MAX_TESTS: Final = 100_000
"""Tests of one rule after all selectors are resolved; the largest rule of SigmaHQ has about 5,000."""

_FLAGS: Final = {
    types.SigmaRegularExpressionFlag.IGNORECASE: "i",
    types.SigmaRegularExpressionFlag.MULTILINE: "m",
    types.SigmaRegularExpressionFlag.DOTALL: "s",
}


class Unsupported(ValueError):
    """A test that cannot be evaluated; `field` says where it stands, None for a keyword."""

    def __init__(self, reason: str, field: str | None) -> None:
        super().__init__(reason)
        self.field = field


class Converter:
    """Converts the conditions of one rule; counts its tests, so that a small file cannot become a huge rule."""

    def __init__(self) -> None:
        self._tests = 0

    def node(self, tree: Any) -> Node:
        """Convert a tree.

        Raises:
            Unsupported: Some test of it cannot be evaluated, or there are too many.
        """
        if isinstance(tree, ConditionAND):
            return And(tuple(self.node(part) for part in tree.args))
        if isinstance(tree, ConditionOR):
            return Or(tuple(self.node(part) for part in tree.args))
        if isinstance(tree, ConditionNOT):
            return Not(self.node(tree.args[0]))
        if isinstance(tree, ConditionFieldEqualsValueExpression):
            return self.test(tree.field, tree.value)
        if isinstance(tree, ConditionValueExpression):
            return self.test(None, tree.value)
        raise Unsupported("the condition holds nothing that can be tested", None)

    def test(self, field: str | None, value: types.SigmaType) -> Node:
        """Convert one test of a field, or of all fields where it is None."""
        self._tests += 1
        if self._tests > MAX_TESTS:
            raise Unsupported(f"the rule has more than {MAX_TESTS} tests", field)
        if isinstance(value, types.SigmaExpansion):
            return Or(tuple(self.test(field, each) for each in value.values))
        if isinstance(value, types.SigmaString):
            return _text(field, value)
        if isinstance(value, types.SigmaRegularExpression):
            return _regex(field, value)
        if isinstance(value, types.SigmaBool):
            return _plain(field, "true" if value.boolean else "false")
        if isinstance(value, types.SigmaNumber) and not isinstance(value, types.SigmaTimestampPart):
            return _plain(field, str(value.number))
        if field is None:
            raise Unsupported(f"{_named(value)} needs a field; a keyword can be text, a number or «re»", None)
        if isinstance(value, types.SigmaTimestampPart):
            return Compare(field, "eq", value.number, cast(TimePart, value.timestamp_part.name.lower()))
        if isinstance(value, types.SigmaNull):
            return Null(field)
        if isinstance(value, types.SigmaExists):
            return Exists(field, value.exists)
        if isinstance(value, types.SigmaCIDRExpression):
            return Cidr(field, str(value.network))
        if isinstance(value, types.SigmaCompareExpression):
            number = value.number
            part = number.timestamp_part.name.lower() if isinstance(number, types.SigmaTimestampPart) else None
            return Compare(field, cast(Operator, value.op.name.lower()), number.number, cast("TimePart | None", part))
        if isinstance(value, types.SigmaFieldReference):
            how = {(True, True): "has", (True, False): "starts", (False, True): "ends"}.get(
                (value.starts_with, value.ends_with), "is"
            )
            return Same(field, value.field, how)  # type: ignore[arg-type]  # one of four words
        raise Unsupported(f"{_named(value)} cannot be evaluated", field)


def _text(field: str | None, value: types.SigmaString) -> Text:
    pieces: list[str | int] = []
    for part in value.s:
        if isinstance(part, str):
            piece: str | int = part
        elif part is SpecialChars.WILDCARD_MULTI:
            piece = ANY
        elif part is SpecialChars.WILDCARD_SINGLE:
            piece = ONE
        else:
            raise Unsupported(
                f"the placeholder %{part.name}% (modifier «expand») has no values here; write the values out", field
            )
        _append(pieces, piece)
    return _anywhere(field, pieces, isinstance(value, types.SigmaCasedString))


def _plain(field: str | None, text: str) -> Text:
    return _anywhere(field, [text], cased=False)


def _anywhere(field: str | None, pieces: list[str | int], cased: bool) -> Text:
    """Return the test; a keyword is found anywhere in a value, whatever wildcards it has."""
    if field is None:
        loose: list[str | int] = []
        for piece in (ANY, *pieces, ANY):
            _append(loose, piece)
        pieces = loose
    return Text(field, tuple(pieces), cased)


def _append(pieces: list[str | int], piece: str | int) -> None:
    """Add a piece; texts that touch become one, and so do stars."""
    last = pieces[-1] if pieces else None
    if isinstance(piece, str) and isinstance(last, str):
        pieces[-1] = last + piece
    elif piece == ANY and last == ANY:
        pass
    elif piece != "":
        pieces.append(piece)


def _regex(field: str | None, value: types.SigmaRegularExpression) -> Regex:
    if value.contains_placeholder():
        raise Unsupported("a placeholder (modifier «expand») has no values here; write the values out", field)
    pattern = value.regexp.to_plain(regex=True)
    flags = "".join(sorted(_FLAGS[flag] for flag in value.flags))
    try:
        searcher(pattern, flags)
    except RegexRefused as problem:
        raise Unsupported(str(problem), field) from None
    return Regex(field, pattern, flags)


def _named(value: types.SigmaType) -> str:
    return {
        "SigmaNull": "«null»",
        "SigmaExists": "«exists»",
        "SigmaCIDRExpression": "«cidr»",
        "SigmaCompareExpression": "a comparison",
        "SigmaTimestampPart": "a part of a time",
        "SigmaFieldReference": "«fieldref»",
    }.get(type(value).__name__, f"a value of the kind {type(value).__name__}")
