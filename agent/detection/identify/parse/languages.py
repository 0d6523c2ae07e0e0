"""Which reader reads which language, and what its files end with. One line per language; `main.py` dispatches by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agent.detection.identify.parse import java_code, javascript_code, python_code, shell_code, small_languages
from agent.detection.identify.parse.facts import CodeFacts

MAX_EMBEDDED = 200_000
Beside = Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True)
class Reader:
    """How one language is read.

    Attributes:
        read: Takes a program's bytes, and what gives a module of the program's own by its name; returns the facts.
        beside: Endings that are tried for such a module, in their order.
        endings: What files of the language end with.
    """

    read: Callable[[bytes, Beside], CodeFacts]
    beside: tuple[str, ...]
    endings: tuple[str, ...]


def _shell(source: bytes, beside: Beside) -> CodeFacts:
    return shell_code.read(source, beside, _embedded)


def _embedded(language: str, code: bytes) -> CodeFacts | None:
    """Read code that stands in a shell script; None when its language is not known or it is no such code."""
    reader = READERS.get(language)
    if reader is None or len(code) > MAX_EMBEDDED:
        return None
    try:
        return reader.read(code, lambda name: None)
    except (SyntaxError, ValueError):
        return None


READERS: dict[str, Reader] = {
    "python": Reader(python_code.read, (".py", "/__init__.py"), (".py", ".pyw", ".pyz", ".ipynb")),
    "javascript": Reader(
        javascript_code.read,
        ("", ".js", ".mjs", ".cjs", ".ts", ".mts", ".tsx", ".jsx", "/index.js", "/index.ts"),
        (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx"),
    ),
    "shell": Reader(_shell, ("", ".sh"), (".sh", ".bash", ".zsh", ".ksh", ".command")),
    "perl": Reader(small_languages.reader("perl"), ("", ".pm", ".pl"), (".pl", ".pm", ".t")),
    "ruby": Reader(small_languages.reader("ruby"), ("", ".rb"), (".rb",)),
    "php": Reader(small_languages.reader("php"), ("", ".php"), (".php", ".phar")),
    "lua": Reader(small_languages.reader("lua"), (".lua",), (".lua",)),
    "r": Reader(small_languages.reader("r"), ("", ".R"), (".r",)),
    "powershell": Reader(small_languages.reader("powershell"), ("", ".psm1"), (".ps1", ".psm1")),
    "go": Reader(small_languages.reader("go"), (), (".go",)),
    "java": Reader(java_code.read, (), (".java", ".jar")),
}
