"""What a text, a number, a time or an address must be for one test: the leaves of `compile.py`.

Everything here answers about one text. Which text of which field is asked about, and what several tests of one field
have in common, is `compile.py`'s.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final

from agent.detection.sigma.form import ANY, Compare, Operator, Text, TimePart

Asks = Callable[[str], bool]

_COMPARE: Final[dict[Operator, Callable[[Any, Any], bool]]] = {
    "eq": operator.eq,
    "neq": operator.ne,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}
_PART: Final[dict[TimePart, Callable[[datetime], int]]] = {
    "minute": lambda at: at.minute,
    "hour": lambda at: at.hour,
    "day": lambda at: at.day,
    "week": lambda at: at.isocalendar().week,
    "month": lambda at: at.month,
    "year": lambda at: at.year,
}
_MILLISECONDS: Final = 100_000_000_000
"""A number of time from here on is milliseconds since 1970; below, seconds (until the year 5138)."""


def any_text(tests: Sequence[Text], fold: Callable[[str], str]) -> Asks:
    """Return what says whether a text fits at least one of several tests.

    Args:
        tests: Of one field and one kind of case.
        fold: What to do with the rule's own text first: fold its case, or nothing.
    """
    by: dict[str, list[str]] = {"is": [], "starts": [], "ends": [], "has": []}
    asks: list[Asks] = []
    for test in tests:
        if test.how == "like":
            asks.append(like([fold(piece) if isinstance(piece, str) else piece for piece in test.pieces]))
        else:
            by[test.how].append(fold(test.literal))
    if by["is"]:
        asks.insert(0, frozenset(by["is"]).__contains__)
    if by["starts"]:
        asks.append(_starts(tuple(by["starts"])))
    if by["ends"]:
        asks.append(_ends(tuple(by["ends"])))
    if by["has"]:
        asks.append(_has(tuple(by["has"])))
    if len(asks) == 1:
        return asks[0]

    def one_of(text: str) -> bool:
        for ask in asks:  # noqa: SIM110 - a generator costs more than the tests
            if ask(text):
                return True
        return False

    return one_of


def _starts(literals: tuple[str, ...]) -> Asks:
    return lambda text: text.startswith(literals)


def _ends(literals: tuple[str, ...]) -> Asks:
    return lambda text: text.endswith(literals)


def _has(literals: tuple[str, ...]) -> Asks:
    if len(literals) == 1:
        return lambda text, literal=literals[0]: literal in text  # type: ignore[misc]  # no default in `Asks`

    def has_one(text: str) -> bool:
        for literal in literals:  # noqa: SIM110 - as above
            if literal in text:
                return True
        return False

    return has_one


# Wildcards


class _Stretch:
    """Pieces between two stars: texts at fixed offsets, with a length."""

    __slots__ = ("length", "texts")

    def __init__(self, pieces: Sequence[str | int]) -> None:
        self.texts: list[tuple[int, str]] = []
        self.length = 0
        for piece in pieces:
            if isinstance(piece, str):
                self.texts.append((self.length, piece))
                self.length += len(piece)
            else:
                self.length += 1

    def fits(self, text: str, start: int) -> bool:
        return all(text.startswith(literal, start + offset) for offset, literal in self.texts)

    def find(self, text: str, start: int, end: int) -> int:
        """Return the first place from `start` where it fits and ends by `end`; -1 where there is none."""
        last = end - self.length
        if not self.texts:
            return start if start <= last else -1
        offset, literal = self.texts[0]
        while (found := text.find(literal, start + offset)) >= 0 and found - offset <= last:
            if self.fits(text, found - offset):
                return found - offset
            start = found - offset + 1
        return -1


def like(pieces: Sequence[str | int]) -> Asks:
    """Return what says whether a whole text fits literal texts with wildcards between them.

    Each stretch between stars is put at the first place where it fits, which never loses a match; so no pattern takes
    longer than its length times the text's.
    """
    stretches: list[list[str | int]] = [[]]
    for piece in pieces:
        if piece == ANY:
            stretches.append([])
        else:
            stretches[-1].append(piece)
    if len(stretches) == 1:
        whole = _Stretch(stretches[0])
        return lambda text: len(text) == whole.length and whole.fits(text, 0)
    first, last = _Stretch(stretches[0]), _Stretch(stretches[-1])
    middle = [_Stretch(each) for each in stretches[1:-1] if each]

    def fits(text: str) -> bool:
        start, end = first.length, len(text) - last.length
        if end < start or not first.fits(text, 0) or not last.fits(text, end):
            return False
        for stretch in middle:
            found = stretch.find(text, start, end)
            if found < 0:
                return False
            start = found + stretch.length
        return True

    return fits


def compare_with(op: Operator, wanted: float) -> Callable[[float], bool]:
    """Return what says whether a number compares so with a wanted one."""
    compare = _COMPARE[op]
    return lambda number: compare(number, wanted)


# Addresses, numbers, times


def within(network: str) -> Asks:
    """Return what says whether a text is an address within a network; an IPv4 address may be written as an IPv6 one."""
    net = ip_network(network)

    def asks(text: str) -> bool:
        address = _address(text)
        return address is not None and _holds(net, address)

    return asks


def _holds(net: IPv4Network | IPv6Network, address: IPv4Address | IPv6Address) -> bool:
    if isinstance(net, IPv4Network) and isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped in net
    return address in net


@lru_cache(maxsize=4096)
def _address(text: str) -> IPv4Address | IPv6Address | None:
    if len(text) > 64:
        return None
    try:
        return ip_address(text.strip().strip("[]"))
    except ValueError:
        return None


def compared(test: Compare) -> Asks:
    """Return what says whether the number in a text, or the asked part of the time in it, compares so.

    A text that holds no number, or no time, does not match, whatever the comparison is.
    """
    op, wanted = _COMPARE[test.op], test.number
    if test.part is None:

        def by_number(text: str) -> bool:
            number = _number(text)
            return number is not None and op(number, wanted)

        return by_number
    part = _PART[test.part]

    def by_time(text: str) -> bool:
        at = moment(text)
        return at is not None and op(part(at), wanted)

    return by_time


def _number(text: str) -> int | float | None:
    if len(text) > 64:
        return None
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def moment(text: str) -> datetime | None:
    """Return the time (UTC) that a text holds: ISO 8601, without a zone taken as UTC, or seconds or ms since 1970."""
    number = _number(text)
    try:
        if number is not None:
            milliseconds = number if abs(number) >= _MILLISECONDS else number * 1000
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
        at = datetime.fromisoformat(_shortened(text.strip().upper()))
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _shortened(text: str) -> str:
    """Cut fractions of a second to the six digits that Python reads; Windows writes seven, others nine."""
    head, point, tail = text.partition(".")
    digits = len(tail) - len(tail.lstrip("0123456789"))
    return f"{head}.{tail[: min(digits, 6)]}{tail[digits:]}" if point and digits else text
