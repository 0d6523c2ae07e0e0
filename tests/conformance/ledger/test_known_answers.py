"""Answers that others have published: RFC 6962 hashes, the note examples of golang/mod and C2SP, a foreign witness.

Only facts are taken over (keys, texts, signatures); the cases around them are those that golang's own tests try on a
key and on a note, in our words.
"""

from __future__ import annotations

from base64 import b64decode

import pytest

from agent.ledger import checkpoint, note
from agent.ledger.merkle import EMPTY_ROOT, leaf_hash, node_hash, tree_root
from agent.ledger.note import NoteError, Signer, VerifierKey, signature_lines, signed, verified
from agent.ledger.signatures import COSIGNATURE, stated_seconds

TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER = VerifierKey.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
PETER_SECRET = b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")  # signature type, then the seed
PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ENOCH = VerifierKey.parse("EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop")
ENOCH_LINE = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)


@pytest.mark.parametrize(
    ("got", "want"),
    [
        (EMPTY_ROOT, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (tree_root([]), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (leaf_hash(b""), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (leaf_hash(b"L123456"), "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"),
        (node_hash(b"N123", b"N456"), "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"),
    ],
    ids=["empty root", "tree of nothing", "empty leaf", "leaf L123456", "node N123 N456"],
)
def test_hashes_of_rfc_6962(got: bytes, want: str) -> None:
    assert got.hex() == want


def test_golangs_signature_bit_for_bit() -> None:
    signer = Signer("PeterNeumann", PETER_SECRET[1:])
    assert signer.verifier == PETER
    assert signer.sign(TEXT) == PETER_LINE
    assert signed(TEXT, signer.sign(TEXT)) == (TEXT + "\n" + PETER_LINE).encode()


@pytest.mark.parametrize(
    ("keys", "signers"),
    [([PETER], (PETER,)), ([PETER, ENOCH], (PETER, ENOCH)), ([ENOCH, PETER, ENOCH], (PETER, ENOCH)), ([], ())],
    ids=["one of two", "both", "a key given twice", "neither"],
)
def test_golangs_note_says_who_of_the_known_signed(keys: list[VerifierKey], signers: tuple[VerifierKey, ...]) -> None:
    read = note.parse((TEXT + "\n" + PETER_LINE + ENOCH_LINE).encode())
    assert read.text == TEXT
    assert [each.name for each in read.signatures] == ["PeterNeumann", "EnochRoot"]
    assert verified(read, keys) == signers


def test_a_repeated_signature_counts_once() -> None:
    read = note.parse((TEXT + "\n" + PETER_LINE * 2 + ENOCH_LINE * 2).encode())
    assert verified(read, [PETER]) == (PETER,)


@pytest.mark.parametrize("name, swap", [("a known name, another id", "xxxx"), ("another name", "CarmenSandiego")])
def test_half_of_a_known_key_is_an_unknown_key(name: str, swap: str) -> None:
    line = PETER_LINE.replace("x08g", swap) if len(swap) == 4 else PETER_LINE.replace("PeterNeumann", swap)
    assert verified(note.parse((TEXT + "\n" + line).encode()), [PETER]) == (), name


def test_a_wrong_signature_by_a_known_key_condemns_the_note_and_names_its_line() -> None:
    longer = PETER_LINE[:60] + "ABCD" + PETER_LINE[60:]
    read = note.parse((TEXT + "\n" + ENOCH_LINE + longer).encode())
    with pytest.raises(NoteError, match=r"line 5: the signature by PeterNeumann .* is wrong"):
        verified(read, [PETER])
    assert verified(read, [ENOCH]) == (ENOCH,)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (TEXT, "no blank line"),
        (TEXT + "\n", "no signature lines"),
        (TEXT + "\n" + PETER_LINE[:-1], "line 4: the last signature line does not end"),
        ("\x01" + TEXT + "\n" + PETER_LINE, "control characters"),
        (b"\xff" + (TEXT + "\n" + PETER_LINE).encode(), "not UTF-8: byte 0"),
        (TEXT + "\n" + PETER_LINE.replace("PeterNeumann", "Bad Name"), "line 4: the signature is not base64"),
        (TEXT + "\n" + PETER_LINE + "Unexpected line.\n", "line 5: a signature line begins with an em dash"),
        (TEXT + "\n" + PETER_LINE * 101, "101 signature lines"),
        (PETER_LINE, "no blank line"),
    ],
    ids=[
        "text only",
        "no signatures",
        "unfinished line",
        "control character",
        "not UTF-8",
        "space in the name",
        "line that is none",
        "too many",
        "no text",
    ],
)
def test_golangs_mangled_notes(data: str | bytes, reason: str) -> None:
    with pytest.raises(NoteError, match=reason):
        note.parse(data if isinstance(data, bytes) else data.encode())


def test_no_part_of_a_key_and_no_changed_letter_is_a_key() -> None:
    good = str(PETER)
    parts = [good[start:end] for start in range(len(good)) for end in range(start, len(good) + 1)]
    changed = [good[:at] + chr(ord(good[at]) + 1) + good[at + 1 :] for at in range(len(good))]
    for each in {*parts, *changed} - {good}:
        with pytest.raises(NoteError):
            VerifierKey.parse(each)


@pytest.mark.parametrize(
    "key",
    [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "bananas.example+12344556",
        "rekor.example+12345678+AwEB",
        "",
    ],
    ids=["too long, id to match", "unknown type", "upper case", "space", "two parts", "short key", "nothing"],
)
def test_golangs_bad_keys(key: str) -> None:
    with pytest.raises(NoteError):
        VerifierKey.parse(key)


def test_the_example_of_the_note_specification() -> None:
    key = VerifierKey.parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
    line = (
        "— example.com/foo "
        "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
    )
    assert verified(note.parse(f"This is an example message.\n\n{line}".encode()), [key]) == (key,)


def test_the_example_of_the_checkpoint_specification_reads() -> None:
    state = checkpoint.parse("example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n")
    assert (state.origin, state.size, len(state.root)) == ("example.com/behind-the-sofa", 20852163, 32)


def test_the_key_and_the_stated_time_of_a_public_witness() -> None:
    key = VerifierKey.parse("remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2")
    assert key.algorithm == COSIGNATURE
    (signature,) = signature_lines(
        "— transparency.example "
        "ZGhGuQAAAABm/qTPeyKXD+R2rzyQsxPiP8mXum7qq/iF0u4vanlqJyocWODBt97w9uL+8qT7S5gxEHWWOworDcFiEBYJXORmnFBOBA==\n"
    )
    assert stated_seconds(signature.blob) == 1_727_964_367
