"""Every message of docs/protocol.md: what is taken, what is refused and why, and that no refusal repeats what was sent.

The fields come from `tests.support.wire`, which was written from the protocol and from nothing else.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent.link import messages
from agent.link.messages import (
    ActOfPerson,
    Answer,
    Ask,
    Coverage,
    Hello,
    Load,
    LoadItem,
    Loads,
    OpenPage,
    Pause,
    Ping,
    Poison,
    Refusal,
    decode,
)
from agent.model.findings import Evidence, EvidenceClass
from agent.model.purposes import Gate, GateState, Mode, Purpose
from tests.support import client as say
from tests.support import wire
from tests.unit.link.keeping import MARKER, finding

AT = 1_800_000_000_000
HELLO = say.hello("A" * 22)
LOAD = say.load(1, AT)
LOADS = say.loads([say.load(1, AT), say.load(2, AT)])
ANSWER = say.answer("f1", AT)
COVERAGE = {"v": 1, "kind": "coverage", "missing": ["tiktok"]}
ASK = {"v": 1, "kind": "ask", "ask": 1, "what": "notice", "language": "de", "entry": 0}
ACT = {
    "v": 1,
    "kind": "act",
    "ask": 2,
    "purpose": "",
    "act": "acknowledged",
    "notice_sha256": "a" * 64,
    "control": "welcome.acknowledge",
    "dwell_ms": 900,
}
PAUSE = {"v": 1, "kind": "pause", "ask": 3, "minutes": 60}
GOOD = [HELLO, LOAD, LOADS, ANSWER, COVERAGE, ASK, ACT, PAUSE, {"v": 1, "kind": "open_page"}, {"v": 1, "kind": "ping"}]
KINDS = [Hello, Load, Loads, Answer, Coverage, Ask, ActOfPerson, Pause, OpenPage, Ping]


def body(message: object) -> bytes:
    return json.dumps(message).encode()


def refused(message: object) -> Refusal:
    found = decode(message if isinstance(message, bytes) else body(message))
    assert isinstance(found, Refusal), "it was taken"
    return found


@pytest.mark.parametrize(("message", "kind"), list(zip(GOOD, KINDS, strict=True)), ids=lambda one: str(one)[:20])
def test_every_message_of_the_protocol_is_taken(message: dict[str, Any], kind: type) -> None:
    assert wire.problems(message) == []
    taken = decode(body(message))
    assert type(taken) is kind
    assert {**msgspec.to_builtins(taken), "v": 1} == message


def test_every_message_of_the_protocol_is_tested_here() -> None:
    assert {str(message["kind"]) for message in GOOD} == set(wire.FIELDS) == messages.KINDS


@pytest.mark.parametrize("message", GOOD, ids=lambda one: str(one["kind"]))
def test_a_field_too_many_too_few_or_of_the_wrong_type_is_refused(message: dict[str, Any]) -> None:
    assert refused({**message, "url": "x"}).reason == "bad_field"
    for name in wire.FIELDS[message["kind"]]:
        assert refused({key: value for key, value in message.items() if key != name}).reason == "bad_field"
        assert refused({**message, name: None}).reason == "bad_field"
        assert refused({**message, name: {}}).reason == "bad_field"


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"[1]", "not_json"),
        (b"7", "not_json"),
        (b"null", "not_json"),
        (b'"ping"', "not_json"),
        (b'{"v":1,"kind":"ping"} {}', "not_json"),
        (b'{"v":1,"kind":"ping","x":"\xff"}', "not_json"),
        (b'{"v":1,"kind":"\xc3\x28"}', "not_json"),
        (b'{"v":1,"x":' + b"[" * 30_000 + b"]" * 30_000 + b"}", "not_json"),
        ({"kind": "ping"}, "unknown_version"),
        ({"v": 2, "kind": "ping"}, "unknown_version"),
        ({"v": "1", "kind": "ping"}, "unknown_version"),
        ({"v": True, "kind": "ping"}, "unknown_version"),
        ({"v": 2, "kind": "sonnet"}, "unknown_version"),
        ({"v": 1, "kind": "sonnet"}, "unknown_kind"),
        ({"v": 1, "kind": 3}, "unknown_kind"),
        ({"v": 1}, "unknown_kind"),
        ({**HELLO, "client": "A" * 21}, "bad_field"),
        ({**HELLO, "client": "A" * 22 + "\n"}, "bad_field"),
        ({**HELLO, "client": "A" * 21 + "ä"}, "bad_field"),
        ({**HELLO, "waiting": -1}, "bad_field"),
        ({**HELLO, "browser_version": "1" * 33}, "bad_field"),
        ({**LOAD, "seq": 0}, "bad_field"),
        ({**LOAD, "seq": 2**60}, "bad_field"),
        ({**LOAD, "at": -1}, "bad_field"),
        ({**LOAD, "first": 1}, "bad_field"),
        ({**LOADS, "loads": []}, "bad_field"),
        (say.loads(say.load(seq, AT) for seq in range(1, 502)), "bad_field"),
    ],
)
def test_each_refusal_has_its_reason(message: object, reason: str) -> None:
    refusal = refused(message)
    assert refusal.reason == reason
    said = json.loads(messages.encode_refuse(refusal))
    assert (said["v"], said["kind"], said["reason"]) == (1, "refuse", reason)
    assert said["detail"].endswith(".")
    assert said.get("speaks") == ([1] if reason == "unknown_version" else None)


def test_the_place_of_what_is_wrong_is_named() -> None:
    assert "loads.seq" in refused({**LOADS, "loads": [LOADS["loads"][0], {**LOADS["loads"][1], "seq": "two"}]}).detail
    assert "client" in refused({**HELLO, "client": "short"}).detail
    assert "the top level" in refused({**LOAD, "title": "x"}).detail


def test_a_broken_page_load_keeps_its_number_so_that_it_can_be_forgotten() -> None:
    assert refused({**LOAD, "seq": 7, "first": "yes"}).salvage == (Poison(7),)
    for unreadable in ("7", True, 0, 2**54, 1.5, None):
        assert refused({**LOAD, "seq": unreadable}).salvage == ()


def test_one_broken_page_load_costs_its_neighbours_nothing() -> None:
    broken = say.loads([say.load(1, AT), say.load(2, AT, first="yes"), say.load(3, AT)])
    broken["loads"] += [{"seq": 4}, 5, {"no": "number"}]
    salvage = refused(broken).salvage
    assert [type(one) for one in salvage] == [LoadItem, Poison, LoadItem, Poison]
    assert [one.seq for one in salvage] == [1, 2, 3, 4]


def test_too_many_page_loads_at_once_are_all_salvaged() -> None:
    """Leaving some out would let the acknowledgement of a later one speak for them."""
    assert [one.seq for one in refused(say.loads(say.load(seq, AT) for seq in range(1, 601))).salvage] == list(
        range(1, 601)
    )


def spoilt() -> st.SearchStrategy[bytes]:
    """Messages with the marker somewhere: as a value, a field's name, inside a list, or in what is no JSON at all."""
    words = st.sampled_from(
        [
            MARKER,
            f"x - at `$.{MARKER}`",
            f"x - at [{MARKER}]",
            f"` - at `$.loads[{MARKER}].seq",
            f"{MARKER}`",
            f"$.{MARKER}",
            f"expected `{MARKER}`",
        ]
    )
    json_values = st.recursive(words, lambda inner: st.lists(inner, min_size=1, max_size=2) | st.builds(dict, a=inner))
    flat = st.builds(
        lambda message, name, value: body({**message, name: value}),
        st.sampled_from(GOOD),
        st.sampled_from(["v", "kind", "seq", "client", "browser", "loads", "at", "platform", "first"]) | words,
        json_values,
    )
    nested = st.builds(
        lambda name, value: body({**LOADS, "loads": [{**LOADS["loads"][0], name: value}]}),
        st.sampled_from(["seq", "platform", "page_class", "at", "first"]) | words,
        json_values,
    )
    broken = st.builds(lambda message, word: body(message)[:-1] + word.encode(), st.sampled_from(GOOD), words)
    return flat | nested | broken


@settings(max_examples=300, deadline=None)
@given(spoilt())
@example(body({"v": 1, "kind": "ping", f"x - at [{MARKER}": 1}))
@example(body({"v": 1, "kind": "ping", f"x - at [4917012345678{MARKER}]": 1}))
def test_nothing_that_was_sent_is_repeated_in_a_refusal(data: bytes) -> None:
    found = decode(data)
    if isinstance(found, Refusal):
        assert MARKER not in messages.encode_refuse(found).decode()
        assert MARKER not in found.detail


def test_a_number_sent_as_a_field_name_is_not_repeated() -> None:
    assert "4917012345678" not in refused({"v": 1, "kind": "ping", "x - at [4917012345678]": 1}).detail


@given(st.binary(max_size=200))
def test_no_bytes_bring_the_decoder_down(data: bytes) -> None:
    found = decode(data)
    assert isinstance(found, (Refusal, *KINDS))


# Agent → extension


def test_what_the_agent_says_is_what_the_protocol_says() -> None:
    said = json.loads(messages.encode_welcome("1.0", Mode.MANAGED, "Acme", 7, "dpo@acme.example"))
    assert said == {
        "v": 1,
        "kind": "welcome",
        "agent_version": "1.0",
        "mode": "managed",
        "organisation": "Acme",
        "contact": "dpo@acme.example",
        "acked": 7,
    }
    said = json.loads(messages.encode_gate([Gate(Purpose.DETECT, GateState.WAITING, 5, 9, "lead_days")]))
    assert said["gates"] == [
        {
            "purpose": "security.detect-bulk-collection",
            "state": "waiting",
            "since": 5,
            "until": 9,
            "reason": "lead_days",
        }
    ]
    assert json.loads(messages.encode_ack(3)) == {"v": 1, "kind": "ack", "seq": 3}
    assert json.loads(messages.encode_ack(3, [(2, "gate_closed")]))["dropped"] == [{"seq": 2, "reason": "gate_closed"}]
    assert json.loads(messages.encode_page("http://x")) == {"v": 1, "kind": "page", "url": "http://x"}
    assert json.loads(messages.PONG) == {"v": 1, "kind": "pong"}
    (flag,) = json.loads(messages.encode_flags([finding()]))["flags"]
    assert set(flag) == {"id", "name", "family", "stage", "level", "platforms", "since", "why", "answer", "held_until"}
    assert json.loads(messages.encode_flags([finding(evidence=())]))["flags"][0]["why"] == ""


def test_the_longest_flags_fit_into_one_frame() -> None:
    long = Evidence(EvidenceClass.CODE, "code", "d" * 5000, 0.9)
    one = finding(name="n" * 5000, evidence=(long,), platforms=("facebook",) * 9)
    data = messages.encode_flags([one] * 40)
    assert len(data) <= wire.LIMIT
    flags = json.loads(data)["flags"]
    assert len(flags) == 32
    assert {len(flags[0]["name"]), len(flags[0]["why"])} == {256}


@pytest.mark.parametrize("length", [0, 1, 11_990, 12_000, 30_000])
def test_a_document_comes_back_whole_from_its_parts_each_of_which_fits_into_a_frame(length: int) -> None:
    document = {"text": "\U0001f50d\u001f" * length}
    parts = [json.loads(part) for part in messages.encode_told(7, document)]
    assert json.loads("".join(part["text"] for part in parts)) == document
    assert [(part["kind"], part["ask"], part["part"], part["parts"]) for part in parts] == [
        ("told", 7, number, len(parts)) for number in range(1, len(parts) + 1)
    ]
    assert max(len(part) for part in messages.encode_told(7, document)) <= wire.LIMIT


def test_a_question_without_an_answer_gets_a_sentence() -> None:
    assert json.loads(messages.encode_not_told(7, "No." * 200)) == {
        "v": 1,
        "kind": "told",
        "ask": 7,
        "error": ("No." * 200)[:256],
    }
