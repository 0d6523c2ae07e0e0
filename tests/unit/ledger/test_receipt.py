"""Receipts: what is given out holds, what does not hold is refused with the part named, and nothing is given out that
was not checked."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
import string
from collections.abc import Callable
from typing import Any

import pytest

from agent.ledger import note
from agent.ledger.cosignature import Cosigner
from agent.ledger.entry import KINDS
from agent.ledger.note import Signer, VerifierKey
from agent.ledger.receipt import MAX_RECEIPT, ReceiptError, check_receipt, receipt, verifier
from agent.model.purposes import Act, ActKind
from tests.support.places import CHECKOUT
from tests.unit.ledger.making import AT, NOTICE, ORIGIN, SEEN, Made, act, made, salt, seed, written

LOG = made(7, witnesses=2)

Change = Callable[[dict[str, Any]], object]


def given(log: Made, index: int, notice: str | None = NOTICE) -> bytes:
    return receipt(
        log.entries[index],
        log.payloads[index],
        salt(index),
        log.proof(index),
        log.key,
        witnesses=log.witnesses,
        notice=notice,
    )


def refused(data: bytes) -> str:
    with pytest.raises(ReceiptError) as problem:
        check_receipt(data)
    return str(problem.value)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9])
def test_a_receipt_of_every_entry_holds_and_says_what_was_entered(size: int) -> None:
    log = made(size, witnesses=1)
    for index in range(size):
        found = check_receipt(given(log, index))
        assert (found.index, found.checkpoint.size, found.checkpoint.origin) == (index, size, ORIGIN)
        assert (found.entry.kind, found.entry.at) == ("act", AT + index)
        assert found.payload == act(index)
        assert found.witnesses == {log.witnesses[0]: SEEN}
        assert found.notice == NOTICE


def test_a_receipt_is_the_document_that_the_format_names() -> None:
    assert json.loads(given(LOG, 3)) == LOG.document(3)
    assert json.loads(given(LOG, 3, notice=None)) == LOG.document(3, notice=None)


def test_a_log_that_nobody_witnessed_gives_receipts_without_witnesses() -> None:
    assert check_receipt(given(made(3), 1)).witnesses == {}


def test_a_named_witness_that_has_not_cosigned_is_not_counted() -> None:
    log = made(3)
    absent = Cosigner("witness.example/absent", seed(7)).verifier
    assert check_receipt(written({**log.document(1), "witnesses": [str(absent)]})).witnesses == {}


def test_a_key_of_ones_own_must_be_the_receipts() -> None:
    assert check_receipt(given(LOG, 0), LOG.key).key == LOG.key
    with pytest.raises(ReceiptError, match="another log's key"):
        check_receipt(given(LOG, 0), Signer(ORIGIN, seed(99)).verifier)


def test_a_witness_of_ones_own_counts_though_the_receipt_does_not_name_it() -> None:
    data = written({**LOG.document(0), "witnesses": []})
    assert check_receipt(data).witnesses == {}
    assert check_receipt(data, None, LOG.witnesses[:1]).witnesses == {LOG.witnesses[0]: SEEN}


def test_words_in_every_script_come_back() -> None:
    log = made(payloads=[act(words="Das war für die Arbeit – ✓ 仕事 \u202e \n 👋")])
    assert check_receipt(given(log, 0)).payload["words"] == "Das war für die Arbeit – ✓ 仕事 \u202e \n 👋"


# Refusals. Each names the part.


def put(field: str, value: object) -> Change:
    return lambda document: document.update({field: value})


def exchange(field: str, old: str, new: str) -> Change:
    def change(document: dict[str, Any]) -> None:
        assert old in document[field]
        document[field] = document[field].replace(old, new, 1)

    return change


def note_line(change: Callable[[list[str]], object]) -> Change:
    """Change the lines of the proof; the last three are the signatures of log and witnesses."""

    def apply(document: dict[str, Any]) -> None:
        lines = document["proof"].split("\n")
        change(lines)
        document["proof"] = "\n".join(lines)

    return apply


def stranger(name: str, length: int = 68) -> Change:
    line = f"— {name} {base64.b64encode(bytes(length)).decode()}\n"
    return lambda document: document.update(proof=document["proof"] + line)


def by_hand(name: str, material: bytes) -> str:
    """A verifier key of any type and length, whose id is right."""
    key_id = hashlib.sha256(name.encode() + b"\n" + material).digest()[:4]
    return f"{name}+{key_id.hex()}+{base64.b64encode(material).decode()}"


def with_id(key: VerifierKey, key_id: str) -> str:
    return str(key).replace(key.key_id.hex(), key_id)


def respelt(text: str) -> str:
    """The same 32 bytes in base64, with a bit set in the last letter that nobody reads."""
    letters = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
    other = text[:42] + letters[letters.index(text[42]) | 1] + "="
    assert base64.b64decode(other) == base64.b64decode(text)
    assert other != text
    return other


REFUSED: list[tuple[str, Change, str]] = [
    ("another version", put("v", 2), "version 1"),
    ("a version that is no number", put("v", True), "version 1"),
    ("another kind", put("kind", "receipt"), "not a Gleanwatch receipt"),
    ("a field too many", put("more", ""), "a field that none should have"),
    ("a field too few", lambda document: document.pop("salt"), "lacks salt"),
    ("a field of another type", put("entry", {}), "entry is not a text"),
    ("a notice that is null", put("notice", None), "notice is not a text"),
    ("witnesses that are no list", put("witnesses", "w"), "witnesses is not a list"),
    ("another content", exchange("payload", "acknowledged", "objected"), "content is not the one that was entered"),
    ("a content written otherwise", exchange("payload", ",", ", "), "content is not the one that was entered"),
    ("a content that is no object", put("payload", "[]"), "content is not a JSON object"),
    ("another salt", put("salt", "A" * 43 + "="), "content is not the one that was entered"),
    ("a short salt", put("salt", "AAAA"), "salt is 32 random bytes"),
    ("a salt that is no base64", put("salt", "?"), "the salt is not base64"),
    ("another time in the entry", exchange("entry", str(AT + 3), str(AT)), "does not lead to the root"),
    ("an entry written otherwise", exchange("entry", ",", ", "), "not in canonical form"),
    ("another place in the log", exchange("proof", "index 3", "index 2"), "does not lead to the root"),
    ("a place beyond the log", exchange("proof", "index 3", "index 7"), "entry 7 is not in a tree of 7"),
    (
        "another letter for the last newline",
        lambda document: document.update(proof=document["proof"][:-1] + "x"),
        "newline",
    ),
    ("no newline at the end", lambda document: document.update(proof=document["proof"][:-1]), "newline"),
    ("a stranger's signature with a control character in its name", stranger("a\x01b"), "line 8"),
    ("a stranger's signature with a space of another alphabet", stranger("a\u2003b"), "line 8"),
    ("a stranger's signature of four bytes", stranger("ab", 4), "line 8"),
    ("no header", exchange("proof", "@v1", "@v2"), "line 1 of the proof"),
    ("a path too short", note_line(lambda lines: lines.pop(2)), "too short"),
    ("a path too long", note_line(lambda lines: lines.insert(2, lines[2])), "too long"),
    ("extra data", note_line(lambda lines: lines.insert(1, "extra AAAA")), "extra data"),
    ("another size", note_line(lambda lines: lines.__setitem__(-7, "8")), "wrong"),
    ("an extension line", note_line(lambda lines: lines.insert(-5, "more")), "wrong"),
    ("no signature of the log", note_line(lambda lines: lines.pop(-4)), "not signed by the log's key"),
    ("a mangled signature", note_line(lambda lines: lines.__setitem__(-4, lines[-4][:-1])), "base64"),
    ("another log's key", put("key", str(Signer(ORIGIN, seed(9)).verifier)), "not signed by the log's key"),
    ("a key of another name", put("key", str(Signer("other", seed(0)).verifier)), "not signed by the log's key"),
    ("a mistyped key", exchange("key", "+", "0+"), "id in the verifier key"),
    ("a key with another id", put("key", with_id(LOG.key, "00000000")), "id in the verifier key"),
    ("a witness with another id", put("witnesses", [with_id(LOG.witnesses[0], "00000000")]), "id in the verifier key"),
    ("a witness of another type", put("witnesses", [str(Signer("w", seed(9)).verifier)]), "not a witness"),
    ("a witness of no type", put("witnesses", [by_hand("w", b"\x02" + bytes(32))]), "signature type 0x02"),
    ("a witness with a short key", put("witnesses", [by_hand("w", b"\x04" + bytes(31))]), "31 bytes"),
    ("a witness with no key", put("witnesses", [by_hand("w", b"")]), "verifier key"),
    ("a witness without name", put("witnesses", [by_hand("", b"\x04" + bytes(32))]), "verifier key"),
    (
        "a witness with a space in its name",
        put("witnesses", [by_hand("a\u3000b", b"\x04" + bytes(32))]),
        "name of a key",
    ),
    ("a witness with a long name", put("witnesses", [by_hand("é" * 128, b"\x04" + bytes(32))]), "longer than 255"),
    (
        "a salt that is spelt otherwise",
        lambda document: document.update(salt=respelt(document["salt"])),
        "standard way",
    ),
    (
        "a hash that is spelt otherwise",
        note_line(lambda lines: lines.__setitem__(2, respelt(lines[2]))),
        "standard way",
    ),
    ("a witness's key as the log's", put("key", str(LOG.witnesses[0])), "Ed25519"),
    ("a log's key as witness", put("witnesses", [str(LOG.key)]), "not a witness"),
    ("the log as its own witness", put("witnesses", [str(Cosigner("w", seed(0)).verifier)]), "own key"),
    ("another notice", exchange("notice", "nothing", "everything"), "notice in the receipt"),
    ("half a character", put("notice", "\ud800"), "half a character"),
]


@pytest.mark.parametrize(("change", "said"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_was_changed_is_refused_by_name(change: Change, said: str) -> None:
    document = LOG.document(3)
    change(document)
    assert said in refused(json.dumps(document).encode())


def test_a_stranger_may_sign_too() -> None:
    document = LOG.document(3)
    stranger("ab")(document)
    assert set(check_receipt(written(document)).witnesses) == set(LOG.witnesses)


def test_the_place_behind_the_last_entry_is_none() -> None:
    document = LOG.document(6)
    assert "index 6" in document["proof"]
    exchange("proof", "index 6", "index 7")(document)
    assert "entry 7 is not in a tree of 7" in refused(written(document))


def test_a_cosignature_for_another_checkpoint_is_refused() -> None:
    other = made(4, witnesses=2)
    document = LOG.document(3)
    foreign = note.parse(other.checkpoint)
    line = note.signature_line(foreign.signatures[1])
    lines = document["proof"].split("\n")
    document["proof"] = "\n".join([*lines[:-3], line.rstrip("\n"), *lines[-2:]])
    assert "witness.example/0" in refused(written(document))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"v":1,"v":1}',
        b'{"v":NaN}',
        b'{"v":' + b"9" * 10_000 + b"}",
        b" " * (MAX_RECEIPT + 1),
    ],
)
def test_what_is_no_receipt_is_refused(data: bytes) -> None:
    assert refused(data)


def test_what_can_be_read_in_two_ways_is_refused() -> None:
    text = json.dumps(LOG.document(3))
    twice = text[:-1] + ', "notice": "another"}'
    assert "a name twice" in refused(twice.encode())


def test_nothing_is_given_out_that_does_not_hold() -> None:
    with pytest.raises(ReceiptError, match="content"):
        receipt(LOG.entries[0], LOG.payloads[1], salt(0), LOG.proof(0), LOG.key)
    with pytest.raises(ReceiptError, match="root"):
        receipt(LOG.entries[0], LOG.payloads[0], salt(0), LOG.proof(1), LOG.key)
    with pytest.raises(ReceiptError, match="make no receipt"):
        receipt(b"\xff", LOG.payloads[0], salt(0), LOG.proof(0), LOG.key)
    with pytest.raises(ReceiptError, match="notice"):
        receipt(LOG.entries[0], LOG.payloads[0], salt(0), LOG.proof(0), LOG.key, notice="another")


def test_the_page_for_auditors_lists_every_field_of_a_receipt_every_kind_of_entry_and_of_act() -> None:
    page = (CHECKOUT / "docs" / "ledger.md").read_text("utf-8")
    rows = re.findall(r"^\| (`[^|]+`) \|", page, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([\w-]+)`", row)}
    assert named == LOG.document(0).keys() | KINDS
    assert {kind.value for kind in ActKind} <= set(re.findall(r"`(\w+)`", page))
    assert {field.name for field in dataclasses.fields(Act)} - {"entry"} | {"words"} <= set(
        re.findall(r"`(\w+)`", page)
    )


def test_the_verifier_that_is_handed_out_is_the_whole_file() -> None:
    compile(verifier(), "verify_receipt.py", "exec")
    assert b"agent" not in b" ".join(line for line in verifier().splitlines() if b"import" in line.split()[:1])
