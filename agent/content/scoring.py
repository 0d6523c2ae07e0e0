"""Reads `scoring.yaml`: every number that decides what is listed and what is flagged, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import msgspec


class Number(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One number.

    Attributes:
        value: The number.
        why: What it is for, and where it comes from.
    """

    value: float
    why: str


@cache
def load_numbers() -> Mapping[str, Number]:
    """Return every number with its reason, by name.

    Raises:
        msgspec.MsgspecError: The file is damaged: the installation is.
    """
    text = files("agent.content").joinpath("scoring.yaml").read_bytes()
    return MappingProxyType(msgspec.yaml.decode(text, type=dict[str, Number]))


def load_scoring() -> Mapping[str, float]:
    """Return every number by name."""
    return {name: number.value for name, number in load_numbers().items()}
