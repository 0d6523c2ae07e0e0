"""Nothing that calls itself code can hurt its reader: refused with a reason, bounded in time, never anything worse."""

from __future__ import annotations

import contextlib
import io
import json
import marshal
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.detection.identify.helper import CodeReader
from agent.detection.identify.parse import commands, compiled, notebook, python_code, zipapp
from agent.detection.identify.parse.facts import CodeFacts
from agent.detection.identify.shape import shape_of
from agent.detection.identify.standard_input import in_script
from agent.detection.weights import SHAPE_MOST
from tests.unit.detection.shapes import collecting, ordinary

PROGRAMS = [*collecting.FLAGGED.values(), *ordinary.HIDDEN.values()]
REFUSALS = (SyntaxError, ValueError, RecursionError, MemoryError)


@given(st.binary(max_size=400))
def test_any_bytes_are_python_or_refused(source: bytes) -> None:
    with contextlib.suppress(*REFUSALS):
        python_code.read(source)


@given(
    st.sampled_from([b"PK\x03\x04", b"#!x\nPK\x05\x06", b"\xa7\x0d\r\n", b'{"cell_type": 1, "cells": ']),
    st.binary(max_size=300),
)
def test_any_bytes_in_any_form_are_read_or_refused(start: bytes, rest: bytes) -> None:
    with contextlib.suppress(*REFUSALS):
        python_code.read(start + rest)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(PROGRAMS), st.data())
def test_a_program_with_lines_missing_is_read_or_refused(program: str, data: st.DataObject) -> None:
    lines = program.splitlines()
    kept = data.draw(st.lists(st.sampled_from(range(len(lines))), unique=True))
    with contextlib.suppress(*REFUSALS):
        facts = python_code.read("\n".join(lines[at] for at in sorted(kept)).encode())
        assert 0 <= shape_of(facts).weight <= SHAPE_MOST


@given(
    st.builds(
        CodeFacts,
        **{
            name: st.booleans()
            for name in CodeFacts.__slots__
            if name[:3] in ("par", "wri", "peo", "wal", "api", "tok", "few", "fee", "own", "in_", "dri", "tes", "ser")
        },
    )
)
def test_ordinary_work_only_takes_away_and_no_loop_is_nothing(facts: CodeFacts) -> None:
    weight = shape_of(facts).weight
    assert 0 <= weight <= SHAPE_MOST
    assert facts.in_loop or weight == 0


@given(st.text(max_size=300))
def test_any_text_is_a_command_or_none_and_a_shell_script(text: str) -> None:
    commands.of_text(text)
    in_script(text, "python3", "/")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text() | st.just("cells"), x),
    )
)
def test_any_json_is_a_notebook_or_refused(held: object) -> None:
    with contextlib.suppress(ValueError):
        notebook.source_of(json.dumps(held).encode())


def test_marshalled_code_is_scanned_and_not_built() -> None:
    code = compile("import requests\nrequests.get('https://site.example/members?page=1')", "x", "exec")
    names = compiled.names_of(bytes(16) + marshal.dumps(code))
    assert {"requests", "get", "https://site.example/members?page=1"} <= names


def test_a_zip_bomb_is_one_refused_file() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("__main__.py", b"#" * 50_000_000)
    with pytest.raises(ValueError):
        zipapp.program(out.getvalue())


def test_code_that_unpacks_without_end_is_cut_off() -> None:
    import base64
    import zlib

    bomb = base64.b64encode(zlib.compress(b"x = 1\n" * 10_000_000)).decode()
    assert python_code.read(f"import zlib, base64\nexec(zlib.decompress(base64.b64decode('{bomb}')))".encode()).imports


def test_modules_that_import_each_other_end() -> None:
    texts = {"a": b"import b, a", "b": b"import a, requests"}
    assert "requests" in python_code.read(b"import a", texts.get).imports


async def test_a_large_notebook_and_a_huge_script_are_counted(reader: CodeReader, tmp_path: Path) -> None:
    for name in ("a.ipynb", "a.py"):
        with (tmp_path / name).open("wb") as handle:
            handle.write(b'{"cells": [{"cell_type": "code"')
            handle.truncate(4 << 30)
        assert await reader.read_file(str(tmp_path / name), "python") is None
    assert sum(reader.unread.values()) == 2
    assert await reader.read_code("import os", "python") is not None
