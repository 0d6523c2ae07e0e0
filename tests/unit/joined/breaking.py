"""What a test needs to make a part fail: an environment that breaks when it is read, and a reader that breaks."""

from __future__ import annotations

from collections import UserDict
from typing import NoReturn

SECRET = "s3cret"


class Breaking(UserDict[str, str]):
    """An environment that cannot be read while it is broken, with something private in what it says then."""

    broken = True

    def __getitem__(self, name: str) -> str:
        if self.broken:
            raise BrokenError(f"{SECRET} {name}")
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        if self.broken:
            raise BrokenError(SECRET)
        return super().__contains__(name)


class BrokenError(Exception):
    """Not a KeyError, which a mapping's own `get` takes for an answer."""


def fails(*_given: object) -> NoReturn:
    """Take in what was found, and break."""
    raise ValueError(SECRET)
