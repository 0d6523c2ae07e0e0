"""One event as rules see it: every field's text without its case, made once, and the values as they came.

Case-insensitive comparison is the default in Sigma, so an event's texts are folded (Unicode case folding, which works
letter by letter and so keeps «holds» and «starts with» true) before any rule looks. Numbers and truth values are text
too (`5`, `5.0` → `5`; `true`); lists are tuples of texts, of which any may match; None and empty lists are missing;
mappings are laid flat under dotted names. What is not valid Unicode is replaced, so that nothing after this can fail.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeGuard

MAX_FIELDS: Final = 4096
"""Fields of one event after mappings are laid flat; what exceeds it is left out."""
_MAX_DEPTH: Final = 16
_WIDE: Final = 1 << 63

Folded = str | tuple[str, ...]


class Event(dict[str, Folded]):
    """Field → folded text or texts. `raw` holds the values as they came, flat."""

    __slots__ = ("raw",)
    raw: Mapping[str, Any]


def event_of(fields: Mapping[str, Any]) -> Event:
    """Return the event that a mapping of fields is. The mapping is kept, not copied, and must not change meanwhile."""
    event = Event()
    event.raw = fields
    for name, value in fields.items():
        kind = value.__class__
        if kind is str:
            if not value.isascii() and not _valid(value):
                return _slowly(fields)
            event[name] = value.casefold()
        elif kind is int and -_WIDE <= value < _WIDE:
            event[name] = str(value)
        elif kind is list:
            for each in value:
                if each.__class__ is not str or not each.isascii():
                    return _slowly(fields)
            if value:
                event[name] = tuple([each.casefold() for each in value])
        elif kind is bool:
            event[name] = "true" if value else "false"
        elif kind is float:
            event[name] = _float(value)
        elif value is not None:
            return _slowly(fields)
    return event


def is_number(value: object) -> TypeGuard[float]:
    """Say whether a value as it came is a number that compares as its text does."""
    kind = value.__class__
    if kind is int:
        return True
    return kind is float and math.isfinite(value)  # type: ignore[arg-type]  # a float by its class


def texts(value: Any) -> Iterator[str]:
    """Yield the text of a value, or of each value of a list, with its case."""
    if isinstance(value, str):
        yield value if value.isascii() or _valid(value) else value.encode("utf-8", "replace").decode()
    elif isinstance(value, bool):
        yield "true" if value else "false"
    elif isinstance(value, int):
        yield str(value) if -_WIDE <= value < _WIDE else hex(value)
    elif isinstance(value, float):
        yield _float(value)
    elif isinstance(value, list | tuple):
        for each in value:
            if not isinstance(each, list | tuple | Mapping):
                yield from texts(each)


def _float(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < _WIDE else repr(value)


def _slowly(fields: Mapping[str, Any]) -> Event:
    """Do the same for any values at all."""
    raw: dict[str, Any] = {}
    for name, value in fields.items():
        _flat(str(name), value, raw, _MAX_DEPTH)
    event = Event()
    event.raw = raw
    for name, value in raw.items():
        found = tuple(each.casefold() for each in texts(value))
        if found:
            event[name] = found if isinstance(value, list) else found[0]
    return event


def _flat(name: str, value: Any, raw: dict[str, Any], depth: int) -> None:
    if len(raw) >= MAX_FIELDS or depth == 0:
        return
    if isinstance(value, Mapping):
        for key, below in value.items():
            _flat(f"{name}.{key}", below, raw, depth - 1)
    elif isinstance(value, list | tuple):
        plain = [each for each in value if not isinstance(each, Mapping | list | tuple)]
        for each in value:
            if isinstance(each, Mapping):
                for key, below in each.items():
                    _gathered(f"{name}.{key}", below, raw, depth - 1)
        if plain or not value:
            raw[name] = plain
    elif isinstance(value, str):
        raw[name] = next(texts(value))
    else:
        raw[name] = value


def _gathered(name: str, value: Any, raw: dict[str, Any], depth: int) -> None:
    """Lay one mapping of a list flat: the same name in several of them becomes a list."""
    below: dict[str, Any] = {}
    _flat(name, value, below, depth)
    for key, found in below.items():
        if len(raw) < MAX_FIELDS:
            before = raw.get(key, [])
            more = found if isinstance(found, list) else [found]
            raw[key] = [*(before if isinstance(before, list) else [before]), *more]


def _valid(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
