"""Our own vectors, committed beside this file: accepted and refused exactly as they say, format by format."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.ledger import checkpoint, cosignature, note, proof
from agent.ledger.merkle import ProofError, check_consistency, check_inclusion, leaf_hash, tree_root
from agent.ledger.note import NoteError, VerifierKey
from tests.conformance.ledger import generate


def cases(kind: str) -> list[Any]:
    read = json.loads((generate.FOLDER / f"{kind}.json").read_bytes())
    return [pytest.param(each, id=each["name"]) for each in read]


def path_of(case: dict[str, Any]) -> list[bytes]:
    return [bytes.fromhex(each) for each in case["path"]]


def test_writing_them_again_gives_the_same_bytes() -> None:
    on_disk = {each.name: each.read_bytes() for each in generate.FOLDER.iterdir()}
    assert generate.files() == on_disk


@pytest.mark.parametrize("case", cases("roots"))
def test_roots(case: dict[str, Any]) -> None:
    leaves = [leaf_hash(bytes.fromhex(each)) for each in case["entries"]]
    assert tree_root(leaves).hex() == case["root"]


@pytest.mark.parametrize("case", cases("inclusion"))
def test_inclusion(case: dict[str, Any]) -> None:
    leaf, root = bytes.fromhex(case["leaf"]), bytes.fromhex(case["root"])

    def check() -> None:
        check_inclusion(leaf, case["index"], case["size"], path_of(case), root)

    _expect(case, check)


@pytest.mark.parametrize("case", cases("consistency"))
def test_consistency(case: dict[str, Any]) -> None:
    old_root, new_root = bytes.fromhex(case["old_root"]), bytes.fromhex(case["new_root"])

    def check() -> None:
        check_consistency(case["old"], case["new"], path_of(case), old_root, new_root)

    _expect(case, check)


@pytest.mark.parametrize("case", cases("checkpoint"))
def test_checkpoints(case: dict[str, Any]) -> None:
    def check() -> None:
        read = note.parse(case["note"].encode())
        if not note.verified(read, [VerifierKey.parse(case["key"])]):
            raise NoteError("not signed by the key")
        checkpoint.parse(read.text)

    _expect(case, check)


@pytest.mark.parametrize("case", cases("cosignature"))
def test_cosignatures(case: dict[str, Any]) -> None:
    key = VerifierKey.parse(case["key"])
    read = note.parse(case["note"].encode())

    def check() -> None:
        assert cosignature.check(read, key) == case["seconds"]

    _expect(case, check)


@pytest.mark.parametrize("case", cases("proof"))
def test_proofs(case: dict[str, Any]) -> None:
    def check() -> None:
        read = proof.parse(case["proof"].encode())
        assert proof.encode(read) == case["proof"].encode()
        assert read.extra == (case["extra"].encode() if "extra" in case else None)
        keys = VerifierKey.parse(case["key"]), [VerifierKey.parse(case["witness"])]
        checked = proof.check(read, bytes.fromhex(case["entry"]), *keys)
        assert list(checked.witnesses) == case["witnesses"]

    _expect(case, check)


def _expect(case: dict[str, Any], check: Any) -> None:
    if case["ok"]:
        check()
    else:
        with pytest.raises((NoteError, ProofError)):
            check()
