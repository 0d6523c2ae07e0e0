"""Signed notes: what is written can be read, what is mangled is refused with its line, who signed is known."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ledger import note
from agent.ledger.fields import base64_text
from agent.ledger.note import MAX_NOTE, Note, NoteError, Signature, Signer, VerifierKey, signature_line
from tests.unit.ledger.formats.trees import LOG, SECONDS, STRANGER, WITNESS, Tree, seed

LETTERS = st.characters(codec="utf-8", exclude_characters=[chr(each) for each in range(32)])
TEXTS = st.lists(st.text(LETTERS, max_size=12)).map(lambda lines: "".join(f"{line}\n" for line in [*lines, ""]))


@given(TEXTS)
def test_any_text_can_be_signed_and_read_back(text: str) -> None:
    read = note.parse(note.signed(text, LOG.sign(text)))
    assert read.text == text
    assert note.verified(read, [LOG.verifier]) == (LOG.verifier,)


@given(TEXTS, TEXTS)
def test_a_signature_is_for_one_text(text: str, other: str) -> None:
    read = note.parse(note.signed(other, LOG.sign(text)))
    if text == other:
        assert note.verified(read, [LOG.verifier])
    else:
        with pytest.raises(NoteError, match="the text or the signature has been changed"):
            note.verified(read, [LOG.verifier])


@given(st.text(LETTERS, min_size=1), st.binary(min_size=32, max_size=32))
def test_keys_read_as_they_were_written(name: str, secret: bytes) -> None:
    if "+" in name or any(map(str.isspace, name)):
        with pytest.raises(NoteError, match="the name of a key"):
            Signer(name, secret)
        return
    key = Signer(name, secret).verifier
    assert VerifierKey.parse(str(key)) == key


def test_another_key_of_the_same_name_is_a_stranger() -> None:
    text = Tree.of(3).text()
    read = note.parse(note.signed(text, Signer(LOG.verifier.name, seed("another")).sign(text)))
    assert note.verified(read, [LOG.verifier]) == ()


def test_one_call_verifies_log_and_witness() -> None:
    text = Tree.of(3).text()
    bare = note.parse(note.signed(text, LOG.sign(text)))
    lines = LOG.sign(text), STRANGER.cosign(bare, SECONDS), WITNESS.cosign(bare, SECONDS)
    keys = [WITNESS.verifier, LOG.verifier]
    assert note.verified(note.parse(note.signed(text, *lines)), keys) == (LOG.verifier, WITNESS.verifier)


def test_two_keys_that_cannot_be_told_apart_are_refused() -> None:
    twin = dataclasses.replace(LOG.verifier, public=bytes(32))
    with pytest.raises(NoteError, match=f"two different keys share the name {LOG.verifier.name}"):
        note.verified(Note("x\n", ()), [LOG.verifier, twin])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("— log.example AAAA", "line 5: the signature has 3 bytes"),
        ("— log.example AAAAAA==", "line 5: the signature has 4 bytes"),
        ("— log.example AAAAAAB=", "line 5: the signature is base64 that is not written in the one standard way"),
        ("— log.example AAAAAAA", "line 5: the signature is not base64"),
        ("— log.example", "line 5: a signature line has a key name, a space and base64"),
        ("— log+example AAAAAAA=", "line 5: a signature line has a key name"),
        ("—  AAAAAAA=", "line 5: a signature line has a key name"),
        ("- log.example AAAAAAA=", "line 5: a signature line begins with an em dash"),
        ("", "no signature lines"),
    ],
)
def test_a_mangled_signature_line_is_named(line: str, reason: str) -> None:
    text = "one\n\nthree\n"
    with pytest.raises(NoteError, match=reason):
        note.parse(f"{text}\n{line}\n".encode())


def test_the_line_of_a_wrong_signature_counts_from_the_top() -> None:
    text = "one\n\nthree\n"
    wrong = signature_line(Signature(LOG.verifier.name, LOG.verifier.key_id, bytes(64)))
    good = LOG.sign(text)
    assert f"{text}\n{good}{wrong}".splitlines().index(wrong.rstrip("\n")) == 6 - 1
    with pytest.raises(NoteError, match="line 6"):
        note.verified(note.parse(note.signed(text, good, wrong)), [LOG.verifier])


@pytest.mark.parametrize("text", ["", "no end", "a\x00b\n", "a\rb\n", "tab\t\n", "\ud800\n"])
def test_text_that_no_note_can_have_is_not_signed(text: str) -> None:
    with pytest.raises(NoteError):
        note.signed(text, "— log.example AAAAAAA=\n")


@pytest.mark.parametrize("lines", [(), ("",), ("— log.example AAAAAAA=",), ("text\n",)])
def test_lines_that_are_no_signatures_are_not_written(lines: tuple[str, ...]) -> None:
    with pytest.raises(NoteError):
        note.signed("text\n", *lines)


def test_notes_have_a_largest_size() -> None:
    with pytest.raises(NoteError, match=f"more than {MAX_NOTE} are not read"):
        note.parse(b"a" * (MAX_NOTE + 1))


def test_sixteen_signatures_are_read() -> None:
    read = note.parse(note.signed("text\n", *[LOG.sign("text\n")] * 16))
    assert len(read.signatures) == 16


@pytest.mark.parametrize("algorithm", [0x00, 0x02, 0x05, 0xFF])
def test_a_key_of_another_type_names_the_type(algorithm: int) -> None:
    with pytest.raises(NoteError, match=f"0x{algorithm:02x}; supported are 0x01, 0x04, 0x06"):
        VerifierKey.parse(f"a.example+00000000+{base64_text(bytes([algorithm]) + bytes(32))}")


def test_a_mistyped_key_says_so() -> None:
    with pytest.raises(NoteError, match="one of them was mistyped"):
        VerifierKey.parse(str(LOG.verifier).replace("log.example", "1og.example"))


def test_a_seed_is_32_bytes() -> None:
    with pytest.raises(ValueError):
        Signer("log.example", bytes(31))
