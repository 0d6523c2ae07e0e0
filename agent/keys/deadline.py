"""Waits for something that may hang, such as a key store behind a message bus, no longer than a deadline."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def within(seconds: float, call: Callable[[], T]) -> T:
    """Run `call` in a thread of its own and wait at most so long; a call that hangs is left behind and ends with us.

    Raises:
        TimeoutError: It took longer.
        BaseException: Whatever `call` raised.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call())
        except BaseException as error:  # Carried over to the caller's thread.
            errors.append(error)

    thread = threading.Thread(target=run, name="key-store", daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError
    return results[0]
