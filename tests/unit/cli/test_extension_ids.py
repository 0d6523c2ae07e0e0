"""Whom `--extension-id` let in stays let in by whatever registers anew, until `browser remove`."""

from __future__ import annotations

import json
import os
import sys

import pytest

from agent.cli.browser import register_all
from agent.settings.instance import locate
from tests.support.agent import prepared_agent
from tests.support.places import short_folder

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the folders of browsers are Linux's here")

IDS = ("abcdefghijklmnopabcdefghijklmnop", "ours@example.org", "{01234567-89ab-cdef-0123-456789abcdef}")


async def test_every_way_of_registering_keeps_who_was_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    with short_folder() as home:
        async with prepared_agent(home) as agent:
            for folder in (".config/chromium", ".mozilla/firefox"):
                (home / folder).mkdir(parents=True)

            def let_in() -> set[str]:
                found = set[str]()
                for file in home.rglob("org.gleanwatch.relay.json"):
                    manifest = json.loads(file.read_bytes())
                    found.update(manifest.get("allowed_origins", ()), manifest.get("allowed_extensions", ()))
                return found

            given = [word for one in IDS for word in ("--extension-id", one)]
            assert (await agent.command("browser", "install", *given)).code == 0
            before = let_in()
            assert {f"chrome-extension://{IDS[0]}/", *IDS[1:]} < before
            for again in (("browser", "install"), ("setup", "--no-service", "--json")):
                done = await agent.command(*again)
                assert let_in() == before, done.err
            for name in set(os.environ) - set(agent.env):
                monkeypatch.delenv(name)
            for name, value in agent.env.items():
                monkeypatch.setenv(name, value)
            register_all(locate(agent.env, "linux", home, os.getuid()))
            assert let_in() == before
            assert (await agent.command("browser", "remove")).code == 0
            assert (await agent.command("browser", "install")).code == 0
            assert let_in() < before
