"""Command lines that nobody types: too long, not text, leading nowhere. Each is answered, and nothing of it is kept.

The arguments are as the kernel hands them out (undecodable bytes are surrogates); the machine is a real folder. What is
kept in memory is walked through, object by object.
"""

from __future__ import annotations

import gc
import os
import types
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.content.catalogue import Catalogue
from agent.detection.identify.helper import CodeReader
from agent.detection.identify.identifier import Identifier
from agent.model.events import CommandLine, ProcessKey, ProcessStarted

LONG = "n" * 300
"""No file system takes a longer name than 255 bytes."""
DEEP = "/" + "/".join([LONG] * 12) + "/x.py"
NOT_TEXT = os.fsdecode(b"\xff\xfe\x80")
LOOP = (
    "const fetch = require('node-fetch'); const load = require('cheerio'); const missing = require('%s');\n"
    "async function main() { for (let page = 1; page < 90; page++) {\n"
    "  const $ = load(await (await fetch('https://www.linkedin.com/search/results/people?page=' + page)).text());\n"
    "  $('.person').each((i, one) => require('fs').appendFileSync('people.csv', $(one).text())); } }\nmain();\n"
)

WORDS = st.sampled_from(
    ["python3", "node", "bash", "perl", "wget", "scrapy", "env", "sudo", "npx", "jupyter", "java", "chromium", "deno"]
)
PIECES = st.one_of(
    st.sampled_from(
        ["-c", "-m", "-e", "-", "--", "", "run", "-r", LONG, DEEP, NOT_TEXT, "a." * 200 + "b", "\0", "x\0y.py"]
    ),
    st.text(st.characters(codec=None, categories=("L", "N", "P", "S", "Z", "Cs", "Cc")), max_size=20),
    st.sampled_from([LONG + ".py", LONG + ".js", NOT_TEXT + ".ipynb", "https://x.example/" + LONG + ".js"]),
)


def started(cwd: str, *argv: str, pid: int = 1000) -> ProcessStarted:
    return ProcessStarted(ProcessKey(pid, 1), 1, argv[0][:15], CommandLine(argv, argv[0], cwd), 1)


def held_texts(root: object) -> str:
    """Return every text that can be reached from an object, without leaving it for code or classes."""
    seen: set[int] = set()
    texts: list[str] = []
    waiting: list[Any] = [root]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, (type, types.ModuleType, types.FunctionType, types.FrameType)):
            continue
        seen.add(id(one))
        if isinstance(one, str):
            texts.append(one)
        elif isinstance(one, bytes):
            texts.append(one.decode("utf-8", "replace"))
        waiting += gc.get_referents(one)
    return "\n".join(texts)


@pytest.mark.parametrize(
    "argv",
    [
        ("python3", LONG + ".py"),
        ("python3", DEEP),
        ("python3", "-m", LONG),
        ("node", LONG),
        ("node", DEEP + ".js"),
        ("jupyter", "nbconvert", "--execute", LONG + ".ipynb"),
        ("wget", "-r", "https://site.example/" + LONG + ".js"),
        ("scrapy", "runspider", LONG + ".py"),
        ("bash", "-c", f"python3 < {LONG}"),
    ],
    ids=lambda argv: " ".join(argv)[:24],
)
async def test_a_name_longer_than_any_file_has_is_no_trouble(world: Any, argv: tuple[str, ...]) -> None:
    event = world.event(*argv)
    await world.detector.started(event)
    await world.detector.refine(event)


async def test_a_script_cannot_hide_behind_a_required_name_that_is_too_long(world: Any, machine: Any) -> None:
    machine.script("node_modules/.keep", "")
    plain = machine.script("plain.js", LOOP % "lodash")
    hiding = machine.script("hiding.js", LOOP % LONG)
    answers = [await world.identifier.identify(world.event("node", str(script))) for script in (plain, hiding)]
    assert all(answers), "both are the same script but for one name"
    assert answers[0].evidence[0].weight == answers[1].evidence[0].weight


@pytest.fixture(scope="module")
def identifier(catalogue: Catalogue) -> Identifier:
    return Identifier(catalogue, CodeReader(), Path("/nowhere"))


@given(
    argv=st.lists(PIECES, max_size=5).flatmap(lambda rest: WORDS.map(lambda word: (word, *rest))),
    cwd=st.sampled_from(["", "/", "/nowhere", NOT_TEXT, "/" + LONG]),
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_command_line_can_be_taken_apart(identifier: Identifier, argv: tuple[str, ...], cwd: str) -> None:
    """`package_of` takes it apart and finds where its code begins: every step before the helper process is asked."""
    answer = identifier.package_of(started(cwd, *argv))
    assert answer is None or isinstance(answer, str)


async def test_what_is_said_of_a_command_line_that_is_not_text_can_be_stored(world: Any, machine: Any) -> None:
    program = f"scrapy{NOT_TEXT}"
    for argv in (("scrapy", "crawl", NOT_TEXT), ("python3", "-m", "scrapy", "crawl", NOT_TEXT), (program, NOT_TEXT)):
        for found in await world.start(*argv):
            str(found).encode("utf-8")


async def test_nothing_of_a_command_line_is_left_once_it_was_judged(world: Any, machine: Any) -> None:
    """Not the arguments, not code, not a script's text: of repeats only a keyed hash tells them."""
    secret = "hunter2-Xq9"
    machine.script("job.py", f"import requests\n# {secret}\nrequests.get('https://{secret}.example')\n")
    lines = [
        ("scrapy", "crawl", "people", "-a", f"password={secret}"),
        ("wget", "-r", f"https://user:{secret}@site.example/"),
        ("python3", "-c", f"import requests\nfor i in range(9): requests.get('https://x.example/{secret}')"),
        ("python3", "job.py", f"--token={secret}"),
        ("bash", "-c", f"for i in 1 2 3; do curl https://x.example/{secret}/$i; done"),
        ("ls", secret),
    ]
    for line in lines:
        event = world.event(*line)
        await world.detector.started(event)
        await world.detector.refine(event)
        await world.identifier.identify(event)
        del event
    gc.collect()
    for holder in (world.identifier, world.detector):
        assert secret not in held_texts(holder)
        assert secret not in repr(holder)
