"""An answer's whole way with the real agent: pop-up's message → database and ledger → every face, also after a kill.

The two browsers are clients of the relay's socket that speak the protocol; `gleanwatch try` makes the flag.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.support.agent import Agent, prepared_agent
from tests.support.client import answer, connect, new_client_id, now_ms
from tests.support.places import short_folder
from tests.support.waiting import until

POLICY = """
[organisation]
name = "Example Ltd"
contact = "privacy@example.org"
[monitoring]
jurisdiction = "NO"
lead_days = 0
[references]
dpia = "one"
representatives = "none"
"""


@pytest.fixture
async def agent() -> AsyncIterator[Agent]:
    """A test instance under a policy: Norway's law is told."""
    with short_folder() as folder:
        policy = folder / "policy.toml"
        policy.write_text(POLICY)
        async with prepared_agent(folder, "run", GLEANWATCH_POLICY=str(policy)) as made:
            await made.start()
            yield made


async def tried(agent: Agent) -> dict[str, Any]:
    done = await agent.command("try", "--json")
    assert done.code == 0, done.err
    finding: dict[str, Any] = done.json["finding"]
    return finding


def answer_to(flags: dict[str, Any], finding: str) -> str | None:
    """What a `flags` message says was answered to one finding; None where it does not list it."""
    return next((str(flag["answer"]) for flag in flags["flags"] if flag["id"] == finding), None)


async def shown(agent: Agent, finding: str) -> dict[str, Any]:
    return next(one for one in await agent.findings() if one["id"] == finding)


async def answers_on_record(agent: Agent, finding: str) -> list[dict[str, Any]]:
    done = await agent.command("consent", "history", "--json")
    acts = [one["act"] for one in done.json["history"]]
    return [act for act in acts if act["kind"] == "answered" and act["finding"] == finding]


async def test_an_answer_closes_the_question_everywhere_and_outlives_a_kill(agent: Agent) -> None:
    flag = await tried(agent)
    async with AsyncExitStack() as stack:
        links = []
        for seed in (1, 2):
            link = await stack.enter_async_context(connect(agent.socket, new_client_id(seed)))
            await link.greet()
            await link.expect("flags", lambda one: answer_to(one, flag["id"]) == "")
            links.append(link)
        here, other = links
        pressed = answer(flag["id"], now_ms(), "mistaken", 1234)
        await here.send(pressed)
        assert (await here.expect("answered"))["recorded"] is True
        for link in links:
            await link.expect("flags", lambda one: answer_to(one, flag["id"]) == "mistaken")
        # Sent again, as after a lost acknowledgement, and from elsewhere about a finding that is not there.
        await here.send(pressed)
        await here.expect("answered", lambda one: one["recorded"] is False)
        await other.send(answer("no-such-finding", now_ms()))
        await other.expect("answered", lambda one: one["recorded"] is False)
    await agent.kill()
    await agent.start()
    now = await shown(agent, flag["id"])
    assert (now["answer"], now["disputed"]) == ("mistaken", True)
    (act,) = await answers_on_record(agent, flag["id"])
    assert (act["channel"], act["category"], act["dwell_ms"]) == ("extension", "mistaken", 1234)
    assert (act["strength"], act["control"]) == ("extension-press", "popup.answer")
    said = (await agent.command("findings", "explain", flag["id"])).out
    assert "Disputed: said to be not what it looks like." in said
    assert (await agent.command("ledger", "verify")).code == 0


async def test_an_answer_that_waited_does_not_replace_a_later_one(agent: Agent) -> None:
    flag = await tried(agent)
    waited = answer(flag["id"], now_ms(), "approved")
    async with connect(agent.socket, new_client_id(1)) as here, connect(agent.socket, new_client_id(2)) as other:
        for link in (here, other):
            await link.greet()
            await link.expect("flags")
        await other.send(answer(flag["id"], now_ms() + 1, "stopped"))
        assert (await other.expect("answered"))["recorded"] is True
        await here.send(waited)
        assert (await here.expect("answered"))["recorded"] is False
    assert (await shown(agent, flag["id"]))["answer"] == "stopped"
    assert len(await answers_on_record(agent, flag["id"])) == 1


async def test_what_follows_is_told_with_a_finding_and_the_law_can_be_hidden(agent: Agent) -> None:
    flag = await tried(agent)

    async def about() -> set[str]:
        said = (await shown(agent, flag["id"]))["consequences"]
        assert all(set(one) == {"about", "says", "source", "date", "certainty"} for one in said)
        return {one["about"] for one in said}

    assert "The law: Norway" in await about()
    assert json.loads((await agent.command("findings", "elsewhere", "--json")).out)["elsewhere"] is True
    assert "The law: Norway" not in await about()
    await agent.kill()
    await agent.start()
    await until(lambda: agent.running, "the agent")
    assert "The law: Norway" not in await about()
    assert (await agent.command("findings", "elsewhere", "--undo")).code == 0
    assert "The law: Norway" in await about()


async def test_each_sign_is_explained_by_its_rule(agent: Agent) -> None:
    flag = await tried(agent)
    said = (await agent.command("findings", "explain", flag["id"], "--json")).json
    assert said["evidence"]
    for sign in said["evidence"]:
        assert sign["rule"]
        assert sign["title"] != sign["rule"], "every rule of ours has words"
        assert sign["looks_at"].endswith(".")
        assert sign["why"].endswith(".")
    assert said["instead"]
    assert said["now"]
