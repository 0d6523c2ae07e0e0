"""A condition (`form.py`) → one function of an event (`event.py`).

Several tests of one field that stand side by side become one: a look-up in a set, one `endswith` with a tuple. The
cheap parts of an `And` are asked first. Nothing here changes what a condition means: parts have no side effects.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, assert_never

from agent.detection.sigma.event import Event, is_number, texts
from agent.detection.sigma.form import And, Cidr, Compare, Exists, Node, Not, Null, Or, Regex, Same, Text
from agent.detection.sigma.match import Asks, any_text, compare_with, compared, within
from agent.detection.sigma.regex import searcher

Test = Callable[[Event], bool]


def compiled(node: Node) -> Test:
    """Return the function that a condition is.

    Raises:
        RegexRefused: A regular expression of it cannot be used. Parsed rules have been tried.
    """
    match node:
        case And(parts):
            return _all([compiled(part) for part in sorted(_flat(parts, And), key=cost)])
        case Or(parts):
            return _one(_joined(_flat(parts, Or)))
        case Not(part):
            return _not(compiled(part))
        case Text():
            return _text(node.field, node.cased, [node])
        case Regex(field, pattern, flags):
            return _raw(field, searcher(pattern, flags))
        case Cidr(field, network):
            return _folded(field, within(network))
        case Compare(field):
            return _folded(field, compared(node)) if node.part is not None else _compare(node)
        case Null(field):
            return _null(field)
        case Exists(field, wanted):
            return lambda event: (field in event.raw) is wanted
        case Same():
            return _same(node)
        case _:
            assert_never(node)


def cost(node: Node) -> float:
    """Return about how long a condition takes, in look-ups."""
    match node:
        case And(parts) | Or(parts):
            return sum(cost(part) for part in parts)
        case Not(part):
            return cost(part)
        case Text():
            return {"is": 1.0, "starts": 1.0, "ends": 1.0, "has": 1.2, "like": 4.0}[node.how] * (
                1 if node.field is not None else 20
            )
        case Null() | Exists():
            return 1.0
        case Same():
            return 2.0
        case Regex(field):
            return 12.0 if field is not None else 200.0
        case Cidr() | Compare():
            return 6.0
        case _:
            assert_never(node)


def _flat(parts: Sequence[Node], kind: type[And | Or]) -> list[Node]:
    """Return the parts with those of the same kind opened up: `a or (b or c)` has three parts."""
    flat: list[Node] = []
    for part in parts:
        flat += _flat(part.parts, kind) if isinstance(part, kind) else [part]
    return flat


_TEXTS: Final[dict[str, Callable[[str, str], bool]]] = {
    "is": lambda one, two: one == two,
    "starts": lambda one, two: one.startswith(two),
    "ends": lambda one, two: one.endswith(two),
    "has": lambda one, two: two in one,
}


# And, or, not


def _all(tests: list[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        first, second = tests
        return lambda event: first(event) and second(event)
    if len(tests) == 3:
        one, two, three = tests
        return lambda event: one(event) and two(event) and three(event)

    def every(event: Event) -> bool:
        for test in tests:  # noqa: SIM110 - a generator costs more than the tests
            if not test(event):
                return False
        return True

    return every


def _one(tests: list[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        first, second = tests
        return lambda event: first(event) or second(event)

    def some(event: Event) -> bool:
        for test in tests:  # noqa: SIM110 - as above
            if test(event):
                return True
        return False

    return some


def _not(test: Test) -> Test:
    return lambda event: not test(event)


def _joined(parts: list[Node]) -> list[Test]:
    """Return the tests of an `Or`: one for all texts of a field, the cheapest first."""
    by_field: dict[tuple[str | None, bool], list[Text]] = {}
    others: list[tuple[float, Test]] = []
    for part in parts:
        if isinstance(part, Text):
            by_field.setdefault((part.field, part.cased), []).append(part)
        else:
            others.append((cost(part), compiled(part)))
    joined = [(sum(map(cost, several)), _text(field, cased, several)) for (field, cased), several in by_field.items()]
    return [test for _, test in sorted(joined + others, key=lambda each: each[0])]


# One field


def _text(field: str | None, cased: bool, tests: Sequence[Text]) -> Test:
    if cased:
        return _raw(field, any_text(tests, str))
    if field is not None and len(tests) == 1 and tests[0].how == "has":
        return _has(field, tests[0].literal.casefold())
    return _folded(field, any_text(tests, str.casefold))


def _has(field: str, literal: str) -> Test:
    """The commonest test of all, without a call more than it needs."""

    def test(event: Event) -> bool:
        value = event.get(field)
        if value.__class__ is str:
            return literal in value
        return value is not None and any(literal in each for each in value)

    return test


def _folded(field: str | None, asks: Asks) -> Test:
    """Ask about a field's folded text, about each of its texts, or about those of all fields."""
    if field is None:

        def anywhere(event: Event) -> bool:
            return any(asks(value) if isinstance(value, str) else any(map(asks, value)) for value in event.values())

        return anywhere

    def test(event: Event) -> bool:
        value = event.get(field)
        if value.__class__ is str:
            return asks(value)
        return value is not None and any(map(asks, value))

    return test


def _compare(node: Compare) -> Test:
    """Compare a number as it came, which most are; else the number in a text."""
    field, compare = node.field, compare_with(node.op, node.number)
    otherwise = _folded(field, compared(node))

    def test(event: Event) -> bool:
        value = event.raw.get(field)
        return compare(value) if is_number(value) else otherwise(event)

    return test


def _raw(field: str | None, asks: Asks) -> Test:
    """Ask about a field's text with its case."""
    if field is None:

        def anywhere(event: Event) -> bool:
            return any(asks(text) for value in event.raw.values() for text in texts(value))

        return anywhere

    def test(event: Event) -> bool:
        value = event.raw.get(field)
        if value.__class__ is str:
            return asks(value)
        return value is not None and any(asks(text) for text in texts(value))

    return test


def _null(field: str) -> Test:
    def test(event: Event) -> bool:
        value = event.get(field)
        if value is None:
            return True
        return value.__class__ is not str and None in event.raw[field]

    return test


def _same(node: Same) -> Test:
    compare = _TEXTS[node.how]
    field, other = node.field, node.other

    def test(event: Event) -> bool:
        mine, its = event.get(field), event.get(other)
        if mine is None or its is None:
            return False
        return any(compare(one, two) for one in _several(mine) for two in _several(its))

    return test


def _several(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value
