"""Approvals: what a compliance team has allowed, for a while (DESIGN 3.14)."""

from __future__ import annotations

from dataclasses import dataclass

ANY = "any"


@dataclass(frozen=True, slots=True)
class Approval:
    """One kind of collecting that is approved.

    Attributes:
        family: The family of tools, or `any`.
        platform: The platform's key, or `any`.
        until: UTC milliseconds from which it no longer holds.
        reference: Where the organisation's own papers say why, such as a ticket; shown to the person.
        signer: The name of the key that signed it.
    """

    family: str
    platform: str
    until: int
    reference: str
    signer: str
