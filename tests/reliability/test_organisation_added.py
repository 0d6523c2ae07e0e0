"""What an organisation adds, from end to end: real files beside a real policy, a real agent, real processes.

Its rules flag nothing before the notice with them was shown, and from then on; its approvals hold until they end. What
is broken is named, what held before stays, and watching goes on all the while.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import pytest

from agent.cli.asking import ask
from agent.content.fingerprint import fingerprint
from agent.keys.keystore import database_key
from agent.settings.clock import SystemClock
from agent.settings.instance import locate
from agent.store import erasure, ledger
from agent.store.database import open_store
from tests.support.agent import Agent, prepared_agent
from tests.support.beside import Organisation, rule
from tests.support.client import connect, new_client_id
from tests.support.tool import lay_out_tool, start_quietly
from tests.support.waiting import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are seen on Linux")


@dataclass(slots=True)
class Office:
    """An organisation, one of its laptops, and a tool that downloads media."""

    acme: Organisation
    agent: Agent
    tool: Path

    async def ask(self, command: str, **args: object) -> Any:
        """Ask the running agent as the command line does."""
        env = self.agent.env
        instance = locate(env, sys.platform, Path(env["HOME"]), os.getuid())
        return await asyncio.to_thread(ask, instance, command, args)

    async def read_notice(self) -> None:
        """What a person does at a terminal: have the notice printed."""
        notice = (await self.ask("notice")).result
        said = {"kind": "shown", "notice_sha256": notice["sha256"], "channel": "terminal", "control": "terminal.notice"}
        await self.ask("act", **said)

    async def adds(self) -> dict[str, Any]:
        """Return what the organisation adds, as `gleanwatch rules list` says it."""
        answer = await self.agent.command("rules", "list", "--json")
        return dict(answer.json["organisation"])

    async def added(self, **wanted: object) -> dict[str, Any]:
        """Wait until what the organisation adds is so; a number stands for how many there are."""

        async def look() -> dict[str, Any] | None:
            seen = await self.adds()
            counted = {name: len(seen[name]) if isinstance(seen[name], list) else seen[name] for name in wanted}
            return seen if counted == wanted else None

        return dict(await until(look, f"{wanted}", every=0.2))

    @asynccontextmanager
    async def downloading(self, *arguments: str) -> AsyncIterator[str]:
        """Run the tool, and yield the id of the finding that lists it."""
        process = start_quietly(self.tool, *(arguments or ("https://media.example/one",)))
        try:

            async def look() -> str | None:
                for f in await self.agent.findings():
                    if process.pid in [one["pid"] for one in f["processes"]]:
                        return str(f["id"])
                return None

            yield str(await until(look, "the tool on a finding", every=0.2))
        finally:
            process.kill()
            process.wait()

    async def finding(self, wanted: str) -> dict[str, Any]:
        """Return one finding."""
        return next(f for f in await self.agent.findings() if f["id"] == wanted)

    async def warned(self) -> set[str]:
        """Return the ids of what a browser that connects now is warned of."""
        async with connect(self.agent.socket, new_client_id(7)) as link:
            await link.greet()
            return {flag["id"] for flag in (await link.expect("flags"))["flags"]}

    async def warns_of(self, found: str) -> bool:
        """Say whether a browser is warned of a finding."""
        return found in await self.warned()

    async def watches(self) -> bool:
        """Say whether every gate that was open is: monitoring goes on."""
        gates = (await self.agent.status())["gates"]
        return any(g["purpose"] == "security.detect-bulk-collection" and g["state"] == "open" for g in gates)


@pytest.fixture
async def office(folder: Path) -> AsyncIterator[Office]:
    """An agent under a policy, with nothing beside it yet."""
    acme = Organisation(folder / "acme")
    tool = lay_out_tool(folder / "env", Path(sys.executable), "yt-dlp", "2026.1.1", "yt_dlp")
    more = {"GLEANWATCH_POLICY": str(acme.policy), "GLEANWATCH_DESKTOP": "off"}
    async with prepared_agent(folder, "run", **more) as agent:
        yield Office(acme, agent, tool)


async def test_a_rule_flags_once_the_notice_with_it_was_shown_and_not_before(office: Office) -> None:
    await office.agent.start()
    async with office.downloading() as found:
        assert not (await office.finding(found))["flagged"]
        path = office.acme.write_rule(rule())
        seen = await office.added(rules=1)
        assert seen["waiting"]
        assert await office.watches()
        assert "that you have not read" in (await office.agent.command("status")).out
        assert "Any download of media" in (await office.ask("notice")).result["text"]
        assert not (await office.finding(found))["flagged"]

        await office.read_notice()
        await office.added(waiting=False)
        await until(lambda: flagged(office, found), "the flag", every=0.2)
        finding = await office.finding(found)
        assert "your organisation's rule «Any download of media»" in [e["detail"] for e in finding["evidence"]]
        assert await office.watches()
    path.unlink()
    await office.added(rules=0)
    assert await office.watches()
    answer = await office.agent.command("rules", "explain", finding["evidence"][0]["rule"])
    assert answer.code in (0, 1)  # nobody can explain what is no longer there, and says so


async def flagged(office: Office, found: str) -> bool:
    return bool((await office.finding(found))["flagged"])


async def test_what_a_rule_flags_is_one_finding_however_often_it_is_started(office: Office) -> None:
    office.acme.write_rule(rule())
    await office.agent.start()
    async with office.downloading() as first, office.downloading() as second:
        assert first == second
        assert (await office.finding(first))["count"] == 2
        assert await flagged(office, first)


async def test_a_rule_that_is_gone_flags_nothing_new(office: Office) -> None:
    path = office.acme.write_rule(rule())
    await office.agent.start()  # a test instance shows its own notice to itself, rules included
    assert (await office.adds())["since"] is not None
    path.unlink()
    await office.added(rules=0)
    async with office.downloading() as found:
        assert not (await office.finding(found))["flagged"]


async def test_a_broken_rule_is_named_and_the_last_good_set_stays(office: Office) -> None:
    office.acme.write_rule(rule())
    await office.agent.start()
    office.acme.write_rule("title: [", "two.yml")
    seen = await office.added(left_out=1)
    assert (seen["left_out"][0]["file"], seen["earlier"], len(seen["rules"])) == ("two.yml", True, 1)
    assert not seen["waiting"]
    state = await office.agent.status()
    told = next(part for part in state["health"] if part["part"] == "rules")
    assert told["condition"] == "degraded"
    assert "two.yml" in told["missed"]
    async with office.downloading() as found:
        await until(lambda: flagged(office, found), "the flag of the rule that stayed", every=0.2)
    (office.acme.place / "rules" / "two.yml").unlink()
    assert not (await office.added(left_out=0))["earlier"]


async def test_a_rule_that_looks_at_a_command_line_is_refused_with_the_reason(office: Office) -> None:
    office.acme.write_rule(rule(test="CommandLine|contains: secret"))
    office.acme.write_rule(rule("Another"), "two.yml")
    await office.agent.start()
    seen = await office.adds()
    assert [one["title"] for one in seen["rules"]] == ["Another"]  # the good one of a set that was never whole
    assert seen["left_out"][0]["why"].startswith("CommandLine cannot be seen")
    assert await office.watches()


async def test_an_approval_covers_until_it_ends_and_a_changed_one_never(office: Office) -> None:
    office.acme.write_rule(rule())
    path = office.acme.approve(now() + 3_600_000)
    await office.agent.start()
    async with office.downloading() as found:
        finding = await office.finding(found)
        assert finding["approved"]
        await until(lambda: flagged(office, found), "the rule's flag", every=0.2)
        assert found not in await office.warned()
        explained = await office.agent.command("findings", "explain", found)
        assert "reference TICKET-12" in explained.out

        path.write_bytes(path.read_bytes().replace(b"TICKET-12", b"TICKET-13"))
        seen = await office.added(approvals=0, left_out=1)
        assert "changed" in seen["left_out"][0]["why"]
        assert not (await office.finding(found))["approved"]
        await until(lambda: office.warns_of(found), "the warning", every=0.2)

        office.acme.approve(now() + 6_000)
        await office.added(approvals=1, left_out=0)
        assert (await office.finding(found))["approved"]

        assert found not in await office.warned()
        await until(lambda: office.warns_of(found), "the warning after the approval's end", every=0.2)
        assert not (await office.adds())["approvals"]
        assert (await office.finding(found))["approved_until"] is None


def now() -> int:
    return time.time_ns() // 1_000_000


async def test_a_killed_agent_knows_afterwards_what_was_shown(office: Office) -> None:
    await office.agent.start()
    office.acme.write_rule(rule())
    office.acme.approve(now() + 3_600_000, family="site-mirror")
    await office.added(rules=1, approvals=1)
    await office.read_notice()
    shown = (await office.added(waiting=False))["since"]
    office.acme.write_rule(rule("Another"), "two.yml")
    await office.agent.kill()
    (office.acme.place / "rules" / "two.yml").unlink()
    await office.agent.start()
    seen = await office.adds()
    assert (seen["since"], len(seen["rules"]), len(seen["approvals"])) == (shown, 1, 1)
    assert (await office.agent.command("ledger", "verify", "--json")).json["ok"]


async def rules_on_record(office: Office) -> list[dict[str, Any]]:
    """Return what the stopped agent's ledger says of rules, oldest first."""
    env = office.agent.env
    instance = locate(env, sys.platform, Path(env["HOME"]), os.getuid())
    store = open_store(instance.database, database_key(instance, None).key, SystemClock())

    def read(tx: apsw.Connection) -> list[Any]:
        return [ledger.content(tx, entry) for entry in erasure.entries_of(tx, "rules")]

    try:
        return list(await store.read(read))
    finally:
        await store.close()


async def test_the_ledger_says_by_which_rules_things_were_recognised_once_for_each_set(office: Office) -> None:
    await office.agent.start()
    await office.agent.stop()
    await office.agent.start()  # nothing changed: nothing is noted again
    path = office.acme.write_rule(rule())
    await office.added(rules=1)
    path.unlink()
    await office.added(rules=0)
    await office.agent.stop()
    on_record = await rules_on_record(office)
    assert {tuple(sorted(one)) for one in on_record} == {("organisation", "shipped")}
    assert {one["shipped"] for one in on_record} == {fingerprint()}
    first, second, third = (one["organisation"] for one in on_record)
    assert (first, third) == ("", "")
    assert len(second) == 64


async def test_without_a_policy_nothing_is_looked_for(folder: Path) -> None:
    (folder / "gw").mkdir(mode=0o700)
    (folder / "gw" / "rules").mkdir()
    (folder / "gw" / "rules" / "one.yml").write_text(rule())
    async with prepared_agent(folder, GLEANWATCH_DESKTOP="off") as agent:
        await agent.start()
        answer = await agent.command("rules", "list", "--json")
        assert answer.json["organisation"]["rules"] == []
        assert "rules" not in {part["part"] for part in (await agent.status())["health"]}
