"""The log file: what the agent says of itself, in files of a known size that only their owner can read.

A record of Python's logging → four fields → one line → `<instance>/log/agent.log`, of which the last five are kept with
a megabyte each. Only sentences of our own are written: of what a library says, its name and how serious it was; of an
exception, its type and place (`model/faults.py`). A file that cannot be written costs the line and nothing else.
"""

from __future__ import annotations

import io
import logging
import os
import sys
import time
from collections.abc import Mapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

from agent.model.faults import OURS

LOG_FIELDS: Final[Mapping[str, str]] = {
    "time": "When it was said, to the millisecond, in UTC.",
    "level": "How serious it is: INFO, WARNING, ERROR or CRITICAL.",
    "module": "Which part of the program said it.",
    "message": "A sentence of our own: reasons, kinds of errors, places in our code, counts. Never an address, a name, "
    "a command line or the text of an error.",
}
"""Every field of a line in the log, in its order, in plain words."""

FILE_NAME: Final = "agent.log"
MAX_BYTES: Final = 1_000_000
FILES: Final = 5
LEFT_OUT: Final = "(the words of a library are not kept)"


class LineFormat(logging.Formatter):
    """One record as one line: the fields of `LOG_FIELDS`, a space between two."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; what came with the record as an exception is left out."""
        ours = record.name.partition(".")[0] in OURS
        message = " | ".join(record.getMessage().split("\n")) if ours else LEFT_OUT
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        return f"{at}.{int(record.msecs):03d}Z {record.levelname} {record.name} {_printable(message)}"


def _printable(text: str) -> str:
    """Return a text in which nothing can move a terminal's cursor or pretend to be another line."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


class LogFile(RotatingFileHandler):
    """Writes lines to a file, and begins another when it is full.

    Args:
        folder: Made for its owner alone where it is missing.
        max_bytes: Size at which the next file begins.
        files: How many are kept, the one that is written included.

    Raises:
        OSError: The folder or the file cannot be made, or the file is a link.
    """

    def __init__(self, folder: Path, max_bytes: int = MAX_BYTES, files: int = FILES) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.lost = 0
        super().__init__(folder / FILE_NAME, maxBytes=max_bytes, backupCount=files - 1, encoding="utf-8")
        self.setFormatter(LineFormat())
        self.addFilter(_worth_keeping)

    def _open(self) -> io.TextIOWrapper:
        flags = os.O_CREAT | os.O_APPEND | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
        return io.TextIOWrapper(os.fdopen(os.open(self.baseFilename, flags, 0o600), "ab"), "utf-8", "replace")

    def handleError(self, record: logging.LogRecord) -> None:
        """Count what could not be written; Python's own way would print the record with its arguments."""
        self.lost += 1


def _worth_keeping(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING or record.name.partition(".")[0] in OURS


def keep_log(folder: Path) -> LogFile | None:
    """Begin to keep what this process says; None where no file can be written, which is said once on standard error."""
    try:
        file = LogFile(folder)
    except OSError as problem:
        sys.stderr.write(f"gleanwatch: no log is kept: {problem.strerror}. Check room and rights of {folder}.\n")
        return None
    file.setLevel(logging.INFO)
    logging.getLogger().addHandler(file)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.INFO)
    return file
