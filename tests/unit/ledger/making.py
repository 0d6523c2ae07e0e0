"""Small logs, their proofs and receipts, made by hand: what the tests of receipts, verifier and command line check.

Everything is drawn from numbers, so that the same numbers give the same log.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agent.ledger import checkpoint as checkpoints
from agent.ledger import entry as entries
from agent.ledger import merkle, note
from agent.ledger import proof as proofs
from agent.ledger.checkpoint import Checkpoint
from agent.ledger.cosignature import Cosigner
from agent.ledger.entry import Entry
from agent.ledger.note import Signer, VerifierKey
from agent.ledger.proof import TlogProof

ORIGIN = "gleanwatch.localhost/abcdefghijklmnop/1"
AT = 1_795_000_000_000
SEEN = 1_795_000_060
NOTICE = "# What is watched\n\nBulk collection, and nothing else.\n"


def seed(number: int) -> bytes:
    return hashlib.sha256(b"seed %d" % number).digest()


def salt(number: int) -> bytes:
    return hashlib.sha256(b"salt %d" % number).digest()


def act(number: int = 0, **more: object) -> dict[str, Any]:
    return {
        "at": AT + number,
        "channel": "page",
        "control": "notice.acknowledge",
        "dwell_ms": 12_300,
        "kind": "acknowledged",
        "language": "en",
        "notice_sha256": hashlib.sha256(NOTICE.encode()).hexdigest(),
        "purpose": "security.detect-bulk-collection",
        "strength": "page-link",
        **more,
    }


@dataclass(frozen=True)
class Made:
    """A log that was just signed, with everything that is needed to give out a receipt of any of its entries."""

    entries: Sequence[bytes]
    payloads: Sequence[bytes]
    checkpoint: bytes
    signer: Signer
    cosigners: Sequence[Cosigner]

    @property
    def key(self) -> VerifierKey:
        return self.signer.verifier

    @property
    def witnesses(self) -> list[VerifierKey]:
        return [cosigner.verifier for cosigner in self.cosigners]

    def proof(self, index: int) -> TlogProof:
        nodes = {(level, place): hashed for entry_nodes in _grown(self.entries) for level, place, hashed in entry_nodes}
        path = merkle.inclusion_path(index, len(self.entries), lambda level, place: nodes[level, place])
        return TlogProof(index, tuple(path), self.checkpoint)

    def document(self, index: int, notice: str | None = NOTICE) -> dict[str, Any]:
        """The receipt of one entry, put together here and not by the code under test."""
        document = {
            "v": 1,
            "kind": "gleanwatch-receipt",
            "entry": self.entries[index].decode(),
            "payload": self.payloads[index].decode(),
            "salt": base64.b64encode(salt(index)).decode(),
            "proof": proofs.encode(self.proof(index)).decode(),
            "key": str(self.key),
            "witnesses": [str(witness) for witness in self.witnesses],
        }
        return document if notice is None else {**document, "notice": notice}


def written(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def made(size: int = 5, witnesses: int = 0, payloads: Sequence[dict[str, Any]] | None = None, keys: int = 0) -> Made:
    """Make a log of `size` acts, cosigned by so many witnesses."""
    contents = [entries.canonical(payload) for payload in payloads or [act(number) for number in range(size)]]
    lines = [
        entries.encode(Entry("act", AT + number, entries.commit(salt(number), content)))
        for number, content in enumerate(contents)
    ]
    return signed_log(lines, contents, witnesses, keys)


def signed_log(lines: Sequence[bytes], contents: Sequence[bytes], witnesses: int = 0, keys: int = 0) -> Made:
    signer = Signer(ORIGIN, seed(keys))
    cosigners = [Cosigner(f"witness.example/{number}", seed(keys + 100 + number)) for number in range(witnesses)]
    root = merkle.tree_root([merkle.leaf_hash(line) for line in lines])
    text = checkpoints.encode(Checkpoint(ORIGIN, len(lines), root))
    bare = note.signed(text, signer.sign(text))
    cosigned = [cosigner.cosign(note.parse(bare), SEEN + place) for place, cosigner in enumerate(cosigners)]
    return Made(lines, contents, note.signed(text, signer.sign(text), *cosigned), signer, cosigners)


def _grown(lines: Sequence[bytes]) -> list[list[tuple[int, int, bytes]]]:
    frontier = merkle.Frontier()
    return [frontier.append(merkle.leaf_hash(line)) for line in lines]
