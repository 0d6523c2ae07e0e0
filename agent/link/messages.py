"""The messages of `docs/protocol.md`, as types that decode and validate themselves.

A frame's body goes into `decode`, which gives either a typed message or a `Refusal` that says why not, without ever
repeating a value that was sent. Answers are made by the `encode_*` functions, so that the wire format has one home.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Literal, TypeGuard

import msgspec

from agent.model.findings import Finding
from agent.model.purposes import Gate, Mode

VERSION = 1
MAX_LOADS = 500
MAX_FLAGS = 32
MAX_TEXT = 256
MAX_PLATFORMS = 32
PART_CHARACTERS = 12_000
"""Characters of a told document in one frame: as UTF-8 inside a JSON string at most four bytes each."""

ShortText = Annotated[str, msgspec.Meta(max_length=32)]
ClientId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{22}\Z")]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Seq = Annotated[int, msgspec.Meta(ge=1, le=2**53)]
Millis = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
FindingId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z")]
PurposeName = Annotated[str, msgspec.Meta(pattern=r"^([a-z.-]{1,64})?\Z")]
Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
ControlId = Annotated[str, msgspec.Meta(pattern=r"^[a-z_.]{1,64}\Z")]
Dwell = Annotated[int, msgspec.Meta(ge=0, le=86_400_000)]


class Hello(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="hello"):
    """Who is calling: the browser's extension with its queue."""

    v: Literal[1]
    client: ClientId
    browser: ShortText
    browser_version: ShortText
    extension_version: ShortText
    waiting: Count
    dropped: Count
    lost: Count
    oldest_seq: Count


class LoadItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One page load inside `loads`."""

    seq: Seq
    platform: ShortText
    page_class: ShortText
    at: Millis
    first: bool
    sequential: bool


class Load(LoadItem, frozen=True, forbid_unknown_fields=True, gc=False, tag_field="kind", tag="load"):
    """One page load by itself."""

    v: Literal[1]


class Loads(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False, tag_field="kind", tag="loads"):
    """A part of a replayed queue."""

    v: Literal[1]
    loads: Annotated[list[LoadItem], msgspec.Meta(min_length=1, max_length=MAX_LOADS)]


class OpenPage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="open_page"):
    """The person pressed «open my page»."""

    v: Literal[1]


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="answer"):
    """What the person said of a flag, in the pop-up."""

    v: Literal[1]
    finding: FindingId
    category: Literal["approved", "stopped", "mistaken", "not_me"]
    at: Millis
    dwell_ms: Dwell


class Coverage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="coverage"):
    """Which watched platforms the browser hides from the extension."""

    v: Literal[1]
    missing: Annotated[list[ShortText], msgspec.Meta(max_length=MAX_PLATFORMS)]


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="ask"):
    """A page of the extension wants to show something. `ask` comes back with the answer."""

    v: Literal[1]
    ask: Count
    what: Literal["notice", "purposes", "today", "receipt"]
    language: ShortText = ""
    entry: Count = 0


class ActOfPerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="act"):
    """What the person pressed on a page of the extension; without a purpose: about every mandatory one in use."""

    v: Literal[1]
    ask: Count
    purpose: PurposeName
    act: Literal["shown", "acknowledged", "authorised", "objected", "given", "refused", "withdrawn"]
    notice_sha256: Digest
    control: ControlId
    dwell_ms: Dwell


class Pause(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="pause"):
    """The person pauses watching for some minutes, or goes on at once."""

    v: Literal[1]
    ask: Count
    minutes: Annotated[int, msgspec.Meta(ge=0, le=1440)]


class Ping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="ping"):
    """Are you there."""

    v: Literal[1]


Question = Ask | ActOfPerson | Pause
"""What is answered by `told` with the number it was asked under."""
Message = Hello | Load | Loads | Answer | Coverage | Question | OpenPage | Ping
KINDS = frozenset({"hello", "load", "loads", "answer", "coverage", "ask", "act", "pause", "open_page", "ping"})


class Poison(msgspec.Struct, frozen=True, gc=False):
    """A page load that can never be taken, with a readable number: acknowledged as dropped, so that it is forgotten."""

    seq: int


class Refusal(msgspec.Struct, frozen=True):
    """Why a frame was not taken.

    Attributes:
        reason: A reason of `docs/protocol.md`.
        detail: What was wrong and what to do; names fields, never values.
        about: The kind of the message that was refused, where that could be read and is one of ours; else empty.
        salvage: What could still be read of the page loads in it, in their order: good ones and numbered bad ones.
    """

    reason: str
    detail: str
    about: str = ""
    salvage: tuple[LoadItem | Poison, ...] = ()


_FIELDS = frozenset(
    field
    for kind in (LoadItem, Hello, Answer, Coverage, Ask, ActOfPerson, Pause, Loads)
    for field in kind.__struct_fields__
    if field != "v"
)


class _Envelope(msgspec.Struct):
    """Just enough of a message to say what is wrong with it."""

    v: object = None
    kind: object = None
    seq: object = None
    loads: object = None


_decoder: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)
_envelope = msgspec.json.Decoder(_Envelope)
_encoder = msgspec.json.Encoder()


def decode(body: bytes) -> Message | Refusal:
    """Turn one frame's body into a message, or into the reason why it is none."""
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        return _refusal(body, problem)


def _refusal(body: bytes, problem: Exception) -> Refusal:
    try:
        body.decode()  # the envelope skips fields that it does not know, whatever bytes are in them
        seen = _envelope.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Refusal("not_json", "The frame is not one JSON object in UTF-8.")
    about = seen.kind if isinstance(seen.kind, str) and seen.kind in KINDS else ""
    if seen.v != VERSION or isinstance(seen.v, bool):
        return Refusal(
            "unknown_version",
            f"This agent speaks version {VERSION}. Update the extension or the agent, so that both speak the same.",
            about,
        )
    if not about:
        return Refusal(
            "unknown_kind", "This agent does not know this kind of message; it may be older than the sender."
        )
    where = str(problem).rpartition(" - at ")[2].strip("`") if " - at " in str(problem) else "$"
    detail = f"A «{about}» message has a wrong, missing or unknown field at {_place(where)}."
    return Refusal("bad_field", detail, about, _salvage(seen))


def _place(where: str) -> str:
    """Keep only our own field names of a path: an unknown field's name is the sender's text."""
    return ".".join(part for part in re.split(r"[^a-z_]+", where) if part in _FIELDS) or "the top level"


def _salvage(seen: _Envelope) -> tuple[LoadItem | Poison, ...]:
    """Take what is good out of page loads of which at least one is not: one bad event must not cost its neighbours."""
    if seen.kind == "load":
        return (Poison(seen.seq),) if _is_seq(seen.seq) else ()
    if seen.kind != "loads" or not isinstance(seen.loads, list):
        return ()
    found: list[LoadItem | Poison] = []
    for item in seen.loads:  # a frame's limit bounds them; leaving some out would let a later number speak for them
        try:
            found.append(msgspec.convert(item, LoadItem))
        except msgspec.ValidationError:
            seq = item.get("seq") if isinstance(item, dict) else None
            if _is_seq(seq):
                found.append(Poison(seq))
    return tuple(found)


def _is_seq(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 2**53


def encode_welcome(agent_version: str, mode: Mode, organisation: str, acked: int, contact: str = "") -> bytes:
    """Answer to `hello`."""
    return _encoder.encode(
        {
            "v": VERSION,
            "kind": "welcome",
            "agent_version": agent_version,
            "mode": mode.value,
            "organisation": organisation,
            "contact": contact,
            "acked": acked,
        }
    )


def encode_gate(gates: Iterable[Gate]) -> bytes:
    """Which purposes may observe now."""
    listed = [
        {"purpose": g.purpose.value, "state": g.state.value, "since": g.since, "until": g.until, "reason": g.reason}
        for g in gates
    ]
    return _encoder.encode({"v": VERSION, "kind": "gate", "gates": listed})


def encode_ack(seq: int, dropped: Sequence[tuple[int, str]] = ()) -> bytes:
    """Everything up to `seq` is stored or deliberately dropped."""
    if not dropped:
        return b'{"v":1,"kind":"ack","seq":%d}' % seq
    listed = [{"seq": s, "reason": r} for s, r in dropped]
    return _encoder.encode({"v": VERSION, "kind": "ack", "seq": seq, "dropped": listed})


def encode_refuse(refusal: Refusal) -> bytes:
    """Say why a frame was not taken."""
    message: dict[str, object] = {"v": VERSION, "kind": "refuse", "reason": refusal.reason, "detail": refusal.detail}
    if refusal.about:
        message["about"] = refusal.about
    if refusal.reason == "unknown_version":
        message["speaks"] = [VERSION]
    return _encoder.encode(message)


def encode_flags(findings: Sequence[Finding]) -> bytes:
    """The open flags, newest first."""
    listed = [
        {
            "id": f.id,
            "name": f.name[:MAX_TEXT],
            "family": f.family,
            "stage": f.stage.value,
            "level": f.level.value,
            "platforms": f.platforms,
            "since": f.first_seen,
            "why": f.evidence[0].detail[:MAX_TEXT] if f.evidence else "",
            "answer": f.answer,
            "held_until": f.held_until,
        }
        for f in findings[:MAX_FLAGS]
    ]
    return _encoder.encode({"v": VERSION, "kind": "flags", "flags": listed})


def encode_answered(answer: Answer, *, recorded: bool) -> bytes:
    """An answer is durably stored, or is not needed any more: either way it is over."""
    return _encoder.encode(
        {"v": VERSION, "kind": "answered", "finding": answer.finding, "at": answer.at, "recorded": recorded}
    )


def encode_page(url: str) -> bytes:
    """A one-time link to the local page."""
    return _encoder.encode({"v": VERSION, "kind": "page", "url": url})


PONG = b'{"v":1,"kind":"pong"}'


def encode_told(ask: int, document: object) -> list[bytes]:
    """Answer a question: the document as JSON text, in as many messages as it needs."""
    text = msgspec.json.encode(document).decode()
    parts = [text[start : start + PART_CHARACTERS] for start in range(0, len(text), PART_CHARACTERS)]
    return [
        _encoder.encode({"v": VERSION, "kind": "told", "ask": ask, "part": number, "parts": len(parts), "text": part})
        for number, part in enumerate(parts, 1)
    ]


def encode_not_told(ask: int, why: str) -> bytes:
    """Answer a question that could not be answered, with what to do."""
    return _encoder.encode({"v": VERSION, "kind": "told", "ask": ask, "error": why[:MAX_TEXT]})
