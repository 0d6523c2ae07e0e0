"""What the agent makes of what people do, from end to end: real programs on loopback, the real agent, every face.

Programs are written for `www.linkedin.com` and reach an invented site: by `http_proxy`, or by what the browser is told
of names; the agent knows by its configuration that the site's addresses stand for LinkedIn. Each test is one story; a
finding is looked for by the process it is about, since other programs of this person run meanwhile.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agent.content.catalogue import load_catalogue
from agent.demo.site import Site, start_site
from tests.e2e.test_real_scrapers import tool
from tests.support.agent import Agent
from tests.support.browser import find_browser
from tests.support.client import RelayClient, answer, connect, load, new_client_id, now_ms
from tests.support.collecting import Finding, flagged, of_process, own_script
from tests.support.places import clean_environment, short_folder
from tests.support.processes import descendants, started
from tests.support.tool import lay_out_tool
from tests.support.waiting import until

HOST = "www.linkedin.com"
OWN_PORT_HOST = "127.0.0.1"

CURL_LOOP = """
for page in $(seq 1 6000); do
  curl -s -o page.html "http://www.linkedin.com/search/results/people?page=$page"
  sleep 0.1
done
"""

HEREDOC = """
{python} - <<'END'
import csv, time
import requests
from bs4 import BeautifulSoup
rows = []
for page in range(1, 6000):
    text = requests.get("http://www.linkedin.com/search/results/people?page=%d" % page).text
    for link in BeautifulSoup(text, "html.parser").select("a.who"):
        rows.append([link.text, link["href"]])
    time.sleep(0.1)
csv.writer(open("people.csv", "w")).writerows(rows)
END
"""

DRIVER = """
import asyncio, json, subprocess, sys
from pathlib import Path
import aiohttp
{driver}

async def main():
    profile, browser, port = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    process = subprocess.Popen([browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
        "--remote-debugging-port=0", "--user-data-dir=%s" % profile, "--ignore-certificate-errors",
        "--host-resolver-rules=MAP www.linkedin.com 127.0.0.1:%s" % port, "about:blank"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        ready = profile / "DevToolsActivePort"
        while not (ready.exists() and ready.read_text().count("\\n") == 1):
            await asyncio.sleep(0.05)
        line, path = ready.read_text().split("\\n")
        async with aiohttp.ClientSession() as http, http.ws_connect("ws://127.0.0.1:%s%s" % (line, path)) as socket:
            number = 0
            async def call(method, session=None, **params):
                nonlocal number
                number += 1
                message = {"id": number, "method": method, "params": params}
                await socket.send_json({**message, **({"sessionId": session} if session else {})})
                while True:
                    answer = (await socket.receive()).json()
                    if answer.get("id") == number:
                        return answer["result"]
            target = (await call("Target.createTarget", url="about:blank"))["targetId"]
            session = (await call("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
            people = []
            for page in range(1, 120):
                url = "https://www.linkedin.com/search/results/people?page=%d" % page
                await call("Page.navigate", session, url=url)
                await asyncio.sleep(0.3)
                found = await call("Runtime.evaluate", session, returnByValue=True,
                    expression="[...document.querySelectorAll('a.who')].map((one) => one.textContent)")
                people += found["result"].get("value") or []
            Path("people.json").write_text(json.dumps(people))
    finally:
        process.terminate()

asyncio.run(main())
"""

KNOWN = """
try:
    import selenium.webdriver
except ImportError:
    pass
"""

OWN_HOST = """
import time
import requests
for page in range(1, 80):
    requests.get("http://127.0.0.1:{port}/search/results/people?page=%d" % page)
    time.sleep(0.05)
"""

WAITS = "#!{python}\nimport time\ntime.sleep(60)\n"


@pytest.fixture
async def agent(site: Site) -> AsyncIterator[Agent]:
    """Run an agent that knows both of the site's addresses as LinkedIn's; Downloads and Desktop are there."""
    with short_folder() as folder:
        proxy = f"http://127.0.0.1:{site.http_port}"
        made = Agent(folder, clean_environment(folder, http_proxy=proxy, GLEANWATCH_DESKTOP="off"))
        (made.home / "config.toml").write_text(
            f'[loopback]\n"{HOST}" = "127.0.0.1:{site.http_port}"\n"de.linkedin.com" = "127.0.0.1:{site.https_port}"\n'
        )
        for place in ("Downloads", "Desktop"):
            (folder / place).mkdir()
        try:
            await made.start()
            yield made
        finally:
            await made.close()


def program(agent: Agent, name: str) -> Path:
    """Write a Python program that has a tool's name and waits."""
    path = agent.folder / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(WAITS.format(python=sys.executable))
    path.chmod(0o755)
    return path


def write_contacts(path: Path, rows: int = 30) -> None:
    """Write a table of people who do not exist."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Full name", "Email", "Profile URL", "Company"])
        writer.writerows(
            [f"Person {n}", f"p{n}@example.org", f"https://social.example/in/p{n}", "Example"] for n in range(rows)
        )


async def collecting(agent: Agent, pid: int) -> Finding:
    """Wait until a finding that names a process has got to collecting, and return it."""

    async def look() -> Finding | None:
        named = of_process(await agent.findings(), pid)
        return next((one for one in named if one["stage"] == "collecting" and one["flagged"]), None)

    return dict(await until(look, "it to be seen collecting", seconds=40, every=0.2))


def rules_of(finding: Finding) -> set[str]:
    """Return the rules behind a finding's evidence."""
    return {piece["rule"] for piece in finding["evidence"]}


def check_private(agent: Agent, finding: Finding) -> None:
    """Nothing in a finding says where, about whom or what was written."""
    text = json.dumps(finding)
    for private in ("127.0.0.1", "results/people", str(agent.folder), "example.org", "Person ", "contacts.csv"):
        assert private not in text


async def test_a_harmless_and_a_flagged_use_of_one_tool_are_two_findings(agent: Agent) -> None:
    downloader = program(agent, "yt-dlp")
    log = agent.folder / "log"
    one: list[str | Path] = [downloader, "https://www.youtube.com/watch?v=abc"]
    many: list[str | Path] = [downloader, "--batch-file", "list.txt"]
    async with started(one, log, agent.env) as harmless, started(many, log, agent.env) as bulk:
        found = await flagged(agent, bulk.pid)
        (beside,) = await until(lambda: _named(agent, harmless.pid), "the harmless one")
    assert (found["tool"], beside["tool"]) == ("yt-dlp", "yt-dlp")
    assert found["id"] != beside["id"]
    assert not beside["flagged"]
    assert of_process([found], harmless.pid) == [] and of_process([beside], bulk.pid) == []


async def _named(agent: Agent, pid: int) -> list[Finding]:
    return of_process(await agent.findings(), pid)


async def test_what_a_driven_browser_loads_counts_for_the_script_that_drives_it(agent: Agent, site: Site) -> None:
    browser = find_browser("chromium", "chromium-browser", "google-chrome-for-testing")
    script = agent.folder / "walk.py"
    script.write_text(DRIVER.replace("{driver}", KNOWN))
    command: list[str | Path] = [tool("python"), script, agent.folder / "profile", browser, str(site.https_port)]
    async with started(command, agent.folder / "walk.log", agent.env, agent.folder) as process:
        found = await collecting(agent, process.pid)
        assert site.requests[HOST] > 0
    assert found["platforms"] == ["linkedin"]
    assert "network" in {piece["class"] for piece in found["evidence"]}
    assert [one["pid"] for one in found["processes"]] == [process.pid], (
        "the browser is its helper, no finding of its own"
    )
    check_private(agent, found)


async def test_a_browser_that_nobody_known_drives_is_a_finding_of_its_own(agent: Agent, site: Site) -> None:
    browser = find_browser("chromium", "chromium-browser", "google-chrome-for-testing")
    script = agent.folder / "walk.py"
    script.write_text(DRIVER.replace("{driver}", ""))
    command: list[str | Path] = [tool("python"), script, agent.folder / "profile", browser, str(site.https_port)]
    async with started(command, agent.folder / "walk.log", agent.env, agent.folder) as process:

        async def look() -> Finding | None:
            below = {one.pid for one in descendants(process.pid)} | {process.pid}
            return next(
                (
                    one
                    for one in await agent.findings()
                    if one["flagged"]
                    and one["stage"] == "collecting"
                    and below & {ref["pid"] for ref in one["processes"]}
                ),
                None,
            )

        found = dict(await until(look, "the driven browser to be flagged", seconds=40, every=0.2))
    assert found["platforms"] == ["linkedin"]
    check_private(agent, found)


async def test_a_shell_loop_around_curl_is_the_shells(agent: Agent) -> None:
    if shutil.which("curl") is None:
        pytest.skip("needs curl")
    script = agent.folder / "fetch.sh"
    script.write_text(CURL_LOOP)
    async with started(["bash", script], agent.folder / "loop.log", agent.env, agent.folder) as process:
        found = await collecting(agent, process.pid)
    assert found["platforms"] in (["linkedin"], []), "each of its connections is short"
    assert {one["pid"] for one in found["processes"]} == {process.pid}
    check_private(agent, found)


async def test_a_program_in_a_here_document_is_read(agent: Agent) -> None:
    script = agent.folder / "inline.sh"
    script.write_text(HEREDOC.format(python=tool("python")))
    async with started(["bash", script], agent.folder / "inline.log", agent.env, agent.folder) as process:

        async def look() -> Finding | None:
            return next(
                (
                    one
                    for one in await agent.findings()
                    if one["flagged"] and "linkedin" in one["platforms"] and one["tool"].startswith("script:")
                ),
                None,
            )

        found = dict(await until(look, "the here-document to be flagged", seconds=40, every=0.2))
        assert process.returncode is None
    assert "requests" in json.dumps(found["evidence"])
    check_private(agent, found)


async def test_an_export_of_contacts_while_something_is_going_on_is_collecting(agent: Agent) -> None:
    async with own_script(agent.folder, agent.env) as pid:
        before = await flagged(agent, pid)
        assert before["stage"] == "running"
        await until(lambda: _watching_exports(agent), "Downloads to be watched")
        (agent.folder / "Downloads" / "notes.csv").write_text("day,hours\nmonday,8\n" * 40)
        write_contacts(agent.folder / "Downloads" / "contacts.csv")
        found = await collecting(agent, pid)
    assert "export.people" in rules_of(found)
    (piece,) = [one for one in found["evidence"] if one["rule"] == "export.people"]
    assert "30 records" in piece["detail"] and "email" in piece["detail"]
    check_private(agent, found)


async def _watching_exports(agent: Agent) -> bool:
    parts = {part["part"]: part for part in (await agent.status())["health"]}
    return "exports" in parts and parts["exports"]["how"] == "watching Downloads and Desktop"


async def test_a_folder_of_pictures_that_grows_while_something_is_going_on_is_collecting(agent: Agent) -> None:
    pictures = agent.folder / "Downloads" / "album"
    pictures.mkdir()
    async with own_script(agent.folder, agent.env) as pid:
        assert (await flagged(agent, pid))["stage"] == "running"
        await until(lambda: _watching_exports(agent), "Downloads to be watched")
        number = 0

        async def more() -> bool:
            nonlocal number
            for _ in range(4):
                number += 1
                (pictures / f"{number:05}.jpg").write_bytes(b"\xff\xd8\xff\xe0" + os.urandom(2000))
            return any(one["stage"] == "collecting" for one in of_process(await agent.findings(), pid))

        await until(more, "the growing folder to be noticed", seconds=60, every=0.2)
        (found,) = of_process(await agent.findings(), pid)
    assert "media.grows" in rules_of(found)
    check_private(agent, found)


async def test_an_extension_becomes_a_card_and_with_page_loads_and_an_export_a_flag(site: Site) -> None:
    catalogue = load_catalogue()
    known = next(
        one for one in catalogue.tools if one.family == "scraper-extension" and catalogue.is_verified(one, "extensions")
    )
    with short_folder() as folder:
        lies = folder / ".config" / "chromium" / "Default" / "Extensions" / known.extensions[0] / "1.0_0"
        lies.mkdir(parents=True)
        manifest = {"manifest_version": 3, "name": known.name, "version": "1.0", "host_permissions": ["<all_urls>"]}
        (lies / "manifest.json").write_text(json.dumps(manifest))
        (folder / "Downloads").mkdir()
        agent = Agent(folder, clean_environment(folder, GLEANWATCH_DESKTOP="off"))
        try:
            await agent.start()
            card = await _of_tool(agent, known.id, "installed")
            assert not card["flagged"]
            # A person looks at four people in a minute and exports what the extension shows: no machine's rhythm.
            async with connect(agent.socket, new_client_id(7)) as link:
                await link.greet()
                for seq in range(1, 5):
                    await link.send(load(seq))
                await link.acknowledged(4)
            await until(lambda: _watching_exports(agent), "Downloads to be watched")
            write_contacts(folder / "Downloads" / "contacts.csv")
            found = await _of_tool(agent, known.id, "collecting")
            assert found["id"] == card["id"]
            assert "export.people" in rules_of(found)
            check_private(agent, found)
        finally:
            await agent.close()


async def _of_tool(agent: Agent, name: str, stage: str) -> Finding:
    async def look() -> Finding | None:
        return next((one for one in await agent.findings() if one["tool"] == name and one["stage"] == stage), None)

    return dict(await until(look, f"{name} to be {stage}", seconds=40, every=0.2))


async def test_work_with_ones_own_host_is_not_collecting(agent: Agent) -> None:
    script = agent.folder / "check.py"
    with short_folder() as folder:
        async with start_site(folder) as own:
            script.write_text(OWN_HOST.format(port=own.http_port))
            env = {name: value for name, value in agent.env.items() if name != "http_proxy"}
            async with started([tool("python"), script], agent.folder / "check.log", env, agent.folder) as process:
                assert await process.wait() == 0, (agent.folder / "check.log").read_text()
                assert own.requests["127.0.0.1"] == 79
                # Whatever is to be said of it has been said by the time that the next one is flagged.
                async with own_script(agent.folder, agent.env, "after") as pid:
                    await flagged(agent, pid)
                    assert of_process(await agent.findings(), process.pid) == []


async def test_one_download_is_not_collecting(agent: Agent, site: Site) -> None:
    for name, more in (("curl", ["-s", "-o", "page.html"]), ("wget", ["-q", "-O", "page.html"])):
        found = shutil.which(name)
        if found is None:
            continue
        command = [found, *more, f"http://{HOST}/in/somebody"]
        async with started(command, agent.folder / "one.log", agent.env, agent.folder) as process:
            assert await process.wait() == 0
            async with own_script(agent.folder, agent.env, name) as pid:
                await flagged(agent, pid)
                assert of_process(await agent.findings(), process.pid) == []
    assert site.requests[HOST] >= 1


def asked(link: RelayClient, finding: str) -> str | None:
    """What the newest flags that a browser was sent say was answered to a finding; None where they do not list it."""
    newest: dict[str, Any] = (link.seen("flags") or [{"flags": []}])[-1]
    return next((str(flag["answer"]) for flag in newest["flags"] if flag["id"] == finding), None)


async def test_an_answer_closes_its_question_everywhere_and_a_later_finding_asks_anew(agent: Agent) -> None:
    async with connect(agent.socket, new_client_id(1)) as here, connect(agent.socket, new_client_id(2)) as there:
        for link in (here, there):
            await link.greet()
        async with own_script(agent.folder, agent.env, "first") as pid:
            first = await flagged(agent, pid)
            await until(lambda: asked(here, first["id"]) == "" == asked(there, first["id"]), "both browsers to ask")
            await here.send(answer(first["id"], now_ms(), "mistaken"))
            await until(
                lambda: asked(here, first["id"]) == "mistaken" == asked(there, first["id"]), "the question to close"
            )
            again = await flagged(agent, pid)
            assert (again["answer"], again["flagged"]) == ("mistaken", True)
        other = lay_out_tool(agent.folder / "env", Path(sys.executable))
        async with started([other, "--comments", "somebody"], agent.folder / "log", agent.env) as process:
            second = await flagged(agent, process.pid)
            assert second["id"] != first["id"] and second["answer"] == ""
            await until(lambda: asked(here, second["id"]) == "" == asked(there, second["id"]), "both to ask anew")
        assert asked(here, first["id"]) == "mistaken"
