"""Nothing of a command line, an address, a path or a file is in a finding, in its sentences or in a log."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from agent.detection.explain import explain
from agent.model.findings import Finding

SECRETS = ("hunter2", "jane.doe", "sekretfolder", "tokenvalue")
SCRIPT = (
    "import requests\nfrom bs4 import BeautifulSoup\nfor page in range(9):\n"
    "    r = requests.get(f'https://www.linkedin.com/in/jane.doe?page={page}', headers={'x': 'tokenvalue'})\n"
    "    print(BeautifulSoup(r.text).select('.email'), 'hunter2')\n"
)


async def seen(world: Any, machine: Any) -> list[Finding]:
    folder = machine.work / "sekretfolder"
    machine.script("sekretfolder/a.py", SCRIPT)
    machine.script("sekretfolder/spider.py", "import scrapy  # hunter2")
    lines = [
        ("wget", "-r", "https://jane.doe:hunter2@site.example/sekretfolder?t=tokenvalue"),
        ("yt-dlp", "--batch-file", "/home/jane.doe/sekretfolder/list.txt", "--password", "hunter2"),
        ("instaloader", "--login", "jane.doe", "--password=hunter2", "profile", "tokenvalue"),
        ("python3", str(folder / "a.py"), "hunter2"),
        ("python3", "-c", SCRIPT),
        ("/home/jane.doe/sekretfolder/bin/scrapy", "crawl", "tokenvalue"),
    ]
    found: list[Finding] = []
    for line in lines:
        event = world.event(*line, name="python3", cwd=folder)
        first = await world.detector.started(event)
        assert first, line[0]
        found += first + await world.detector.refine(event)
    return found


async def test_no_finding_holds_anything_private(world: Any, machine: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        findings = await seen(world, machine)
    said = repr(findings) + repr([explain(found) for found in findings]) + caplog.text
    for secret in (*SECRETS, "linkedin.com", "site.example", "https:", str(machine.root)):
        assert secret not in said


async def test_nothing_private_is_remembered_inside_either(world: Any, machine: Any) -> None:
    await seen(world, machine)
    detector = world.detector
    inside = repr({name: getattr(detector, name) for name in vars(detector) if name not in ("_identify", "_refine")})
    for secret in SECRETS:
        assert secret not in inside.replace(str(machine.root), "")
