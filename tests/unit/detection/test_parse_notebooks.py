"""Notebooks in the helper: what they printed makes them large, and costs their own modules nothing."""

from __future__ import annotations

import json
from pathlib import Path

from agent.detection.identify.helper import CodeReader

OWN = (
    "import requests\ndef walk():\n    for i in range(900):\n        requests.get(f'https://site.example/?page={i}')\n"
)


async def test_a_large_notebook_has_its_own_modules_read(reader: CodeReader, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(OWN)
    printed = [{"output_type": "stream", "name": "stdout", "text": "x" * (3 * 1024 * 1024)}]
    cell = {"cell_type": "code", "source": "from own import walk\nwalk()\n", "outputs": printed}
    (tmp_path / "walk.ipynb").write_text(json.dumps({"cells": [cell], "nbformat": 4}))
    facts = await reader.read_file(str(tmp_path / "walk.ipynb"), "python")
    assert facts is not None and facts.in_loop
