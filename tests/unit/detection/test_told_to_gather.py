"""An agent of a language model is told in words what to do: which words ask for the data of many?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.detection.identify.parse.vocabulary import tells_to_gather


@pytest.mark.parametrize(
    "text",
    [
        "Go to the directory and collect the names and e-mail addresses of all members.",
        "Find the first 200 people who work there and list their names and profiles",
        "extract every profile on pages 1 to 40 and save it as CSV",
        "Visit each company page and gather contacts of the founders",
    ],
)
def test_a_task_that_gathers_is_told_by_verb_quantity_and_what(text: str) -> None:
    assert tells_to_gather(text)


@pytest.mark.parametrize(
    "text",
    [
        "Open the shop, log in with the test account and check that the cart is empty",
        "Find the cheapest flight from Oslo to Berlin on Friday and tell me the price",
        "You are a helpful assistant. Answer in one sentence.",
        "Fill the form with the data below and press Submit",
        "list all",
        "Get the weather of all cities" * 400,
    ],
)
def test_a_task_that_does_something_else_is_not(text: str) -> None:
    assert not tells_to_gather(text)


AGENT = """
import asyncio
from browser_use import Agent, ChatOpenAI
async def main():
    agent = Agent(task={task!r}, llm=ChatOpenAI(model="m"))
    await agent.run()
asyncio.run(main())
"""


async def test_a_script_that_tells_its_agent_to_gather_is_flagged_and_another_is_not(world: Any, machine: Any) -> None:
    task = "Collect the names and e-mails of all members on pages 1 to 30"
    machine.script("gather.py", AGENT.format(task=task))
    machine.script("look.py", AGENT.format(task="Open the start page and tell me its headline"))
    (found,) = await world.start("python3", "gather.py")
    assert found.flagged and "imports.told" in {piece.rule for piece in found.evidence}
    assert not any(one.flagged for one in await world.start("python3", "look.py"))


async def test_words_alone_are_nothing_without_an_agent(world: Any, machine: Path) -> None:
    code = "PROMPT = 'Extract the names and e-mails of all members from this text'\nprint(PROMPT)\n"
    machine.script("prompt.py", code)  # type: ignore[attr-defined]
    assert await world.start("python3", "prompt.py") == []
