"""A receipt in plain words: what its payload says, and what proves it, for the page that shows it beside its QR code.

A receipt is one JSON document that holds further texts (the entry, the payload, the proof) exactly as they were hashed.
Here they are only read, never checked: `AgentFace.check` and the verifier that is handed out do that.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from agent.pages import words


class _Receipt(msgspec.Struct, frozen=True):
    """What the page shows of a receipt."""

    entry: str
    payload: str
    key: str
    proof: str
    witnesses: list[str] = []
    notice: str = ""


@dataclass(frozen=True, slots=True)
class ReceiptWords:
    """What a receipt says.

    Attributes:
        payload: The payload's fields as they stand there, those that a person looks for first.
        entry: The exact text of the log's entry.
        proof: The exact text of the proof.
        key: The verifier key of the log.
        witnesses: Verifier keys of the witnesses.
        notice: The exact notice, or empty.
    """

    payload: dict[str, str | int]
    entry: str
    proof: str
    key: str
    witnesses: tuple[str, ...]
    notice: str


def read(receipt: bytes) -> ReceiptWords:
    """Return what a receipt says.

    Raises:
        ValueError: It is no receipt of a kind that this release knows.
    """
    try:
        told = msgspec.json.decode(receipt, type=_Receipt)
        payload = msgspec.json.decode(told.payload, type=dict[str, str | int | float | bool | None])
    except msgspec.DecodeError:
        raise ValueError("This receipt is of a kind that this release cannot show; download it instead.") from None
    order = list(words.PAYLOAD)
    told_first = sorted(payload, key=lambda key: (order.index(key) if key in order else len(order), key))
    return ReceiptWords(
        {key: _shown(payload[key]) for key in told_first},
        told.entry,
        told.proof,
        told.key,
        tuple(told.witnesses),
        told.notice,
    )


def _shown(value: str | int | float | bool | None) -> str | int:
    """Leave numbers to be counted with and make text of everything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else str(value)
