"""Zip applications that are larger than a script may be: their beginning is read, whatever else is packed with it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from agent.detection.identify.helper import CodeReader
from agent.detection.identify.parse import zipapp

MAIN = "from own import walk\nwalk()\n"
OWN = (
    "import requests\ndef walk():\n    for i in range(900):\n        requests.get(f'https://site.example/?page={i}')\n"
)


def application(others: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("__main__.py", MAIN)
        for name, data in others.items():
            made.writestr(name, data)
        made.writestr("own.py", OWN)
    return out.getvalue()


CROWDED = {
    "one module larger than a module may be": {"data.py": b"x = 1\n" * 120_000},
    "more modules than are taken": {f"lib{i // 10}/m{i}.py": b"x = 1\n" * 1700 for i in range(300)},
    "a library packed along": {
        "tool-1.0.dist-info/METADATA": b"Name: tool\n",
        **{f"tool/m{i}.py": b"x = 1\n" * 1700 for i in range(300)},
    },
}


@pytest.mark.parametrize("others", CROWDED.values(), ids=CROWDED)
def test_the_smaller_application_keeps_entry_and_own_modules(others: dict[str, bytes]) -> None:
    main, beside = zipapp.program(zipapp.smaller(io.BytesIO(application(others))))
    assert main == MAIN.encode()
    assert beside("own") == OWN.encode()


def test_the_smaller_application_is_small() -> None:
    many = {f"lib{i // 10}/m{i}.py": b"x = 1\n" * 1700 for i in range(300)}
    assert len(zipapp.smaller(io.BytesIO(application(many)))) < 2 * zipapp.MAX_TAKEN


async def test_a_large_application_is_read_in_the_helper(reader: CodeReader, tmp_path: Path) -> None:
    made = tmp_path / "tool.pyz"
    made.write_bytes(application({"data.py": b"x = 1\n" * 500_000}))
    facts = await reader.read_file(str(made), "python")
    assert facts is not None and facts.in_loop
