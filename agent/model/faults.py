"""What may be said of an exception in a log: its type and its place in our code, never its text.

An exception's text can hold anything that was being worked on, and a log is kept: see `docs/privacy.md`.
"""

from __future__ import annotations

import traceback


def described(problem: BaseException) -> str:
    """Return the type of an exception and where in the code it was raised."""
    return f"{type(problem).__name__}\n{''.join(traceback.format_tb(problem.__traceback__))}"
