"""Vectors of other projects: Merkle proofs of transparency-dev/merkle and checkpoints of transparency-dev/tessera.

They are not ours to hand out (Apache-2.0, each folder names its source), so they are read from the folder that
GLEANWATCH_VECTORS names, or from `shared/vectors` beside the repository, and skipped where neither is there.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from agent.ledger import checkpoint, note
from agent.ledger.merkle import ProofError, check_consistency, check_inclusion, leaf_hash, tree_root
from agent.ledger.note import VerifierKey

BESIDE = Path(__file__).resolve().parents[4] / "shared" / "vectors"
FOLDER = Path(os.environ.get("GLEANWATCH_VECTORS") or BESIDE)
MERKLE, TESSERA = FOLDER / "merkle", FOLDER / "tessera-checkpoints"

TESSERA_KEY = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
TESSERA_ENTRIES = (
    b"one two three four five six seven eit nain ten ileven twelf threeten fourten fivten".split()
)  # spelt as that log's build script spells them

needs_merkle = pytest.mark.skipif(
    not MERKLE.is_dir(),
    reason="the transparency-dev/merkle vectors are not here: name their folder in GLEANWATCH_VECTORS",
)
needs_tessera = pytest.mark.skipif(
    not TESSERA.is_dir(), reason="the tessera checkpoints are not here: name their folder in GLEANWATCH_VECTORS"
)


@needs_merkle
def test_all_196_merkle_vectors() -> None:
    judged = {kind: [_agrees(each) for each in sorted((MERKLE / kind).rglob("*.json"))] for kind in _CHECKS}
    assert {kind: (sum(each), len(each)) for kind, each in judged.items()} == {
        "inclusion": (98, 98),
        "consistency": (98, 98),
    }


@needs_tessera
@pytest.mark.parametrize("size", range(16))
def test_signed_checkpoints_of_a_growing_log(size: int) -> None:
    key = VerifierKey.parse(TESSERA_KEY)
    read = note.parse((TESSERA / f"checkpoint.{size}").read_bytes())
    assert note.verified(read, [key]) == (key,)
    state = checkpoint.parse(read.text)
    root = tree_root([leaf_hash(each) for each in TESSERA_ENTRIES[:size]])
    assert state == checkpoint.Checkpoint("example.com/log/testdata", size, root)
    assert checkpoint.encode(state) == read.text


def _agrees(file: Path) -> bool:
    """Whether we judge one vector as its authors do; says which one where not."""
    case = json.loads(file.read_bytes())
    try:
        _CHECKS[file.relative_to(MERKLE).parts[0]](case)
        refused = False
    except ProofError:
        refused = True
    if refused != case["wantErr"]:
        print(f"{file.relative_to(MERKLE)}: {case['desc']}")
    return bool(refused == case["wantErr"])


def _inclusion(case: dict[str, Any]) -> None:
    check_inclusion(
        _bytes(case["leafHash"]), case["leafIdx"], case["treeSize"], _path(case["proof"]), _bytes(case["root"])
    )


def _consistency(case: dict[str, Any]) -> None:
    check_consistency(case["size1"], case["size2"], _path(case["proof"]), _bytes(case["root1"]), _bytes(case["root2"]))


_CHECKS = {"inclusion": _inclusion, "consistency": _consistency}


def _bytes(text: str | None) -> bytes:
    return b64decode(text or "")


def _path(hashes: list[str] | None) -> list[bytes]:
    return [_bytes(each) for each in hashes or []]
