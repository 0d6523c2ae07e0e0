"""A policy with what an organisation puts beside it: rules as YAML, approvals signed by its compliance team."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from agent.ledger.note import Signer, signed

POLICY = """\
[organisation]
name = "Acme"
contact = "dpo@acme.example"

[monitoring]
jurisdiction = "GB"

[approvals]
keys = ["{key}"]
"""
RULE = """\
title: {title}
id: {id}
status: stable
description: {description}
logsource:
    product: gleanwatch
    category: finding
detection:
    seen:
        {test}
    condition: seen
level: medium
gleanwatch:
    family: {family}
"""


def rule(
    title: str = "Any download of media",
    test: str = "tool: yt-dlp",
    family: str = "media-downloader",
    description: str = "The library downloads media for all of us, and knows what may be kept.",
) -> str:
    """Return the text of a rule; one of another title is another rule."""
    made = uuid.uuid5(uuid.NAMESPACE_URL, title)
    return RULE.format(title=title, id=made, description=description, test=test, family=family)


@dataclass(slots=True)
class Organisation:
    """An organisation's folder: the policy, and what lies beside it.

    Attributes:
        place: The folder; made.
        team: Who signs approvals.
    """

    place: Path
    team: Signer = field(default_factory=lambda: Signer("compliance.acme.example", bytes(range(32))))

    def __post_init__(self) -> None:
        self.place.mkdir(mode=0o755)
        self.policy.write_text(POLICY.format(key=self.team.verifier))

    @property
    def policy(self) -> Path:
        """Where the policy lies."""
        return self.place / "policy.toml"

    def write_rule(self, text: str, name: str = "one.yml") -> Path:
        """Put a rule there, its folder too where that is missing."""
        return self._write("rules", name, text.encode())

    def approve(
        self,
        until: int,
        *,
        family: str = "media-downloader",
        platform: str = "any",
        name: str = "one.txt",
        signer: Signer | None = None,
    ) -> Path:
        """Put a signed approval there.

        Args:
            until: When it ends, UTC milliseconds; whole seconds count.
            family: The kind of tool.
            platform: The platform's key, or `any`.
            name: The file's name.
            signer: Who signs it; the compliance team.
        """
        end = datetime.fromtimestamp(until / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        text = f"gleanwatch approval v1\nfamily: {family}\nplatform: {platform}\nuntil: {end}\nreference: TICKET-12\n"
        return self._write("approvals", name, signed(text, (signer or self.team).sign(text)))

    def _write(self, folder: str, name: str, data: bytes) -> Path:
        place = self.place / folder
        place.mkdir(exist_ok=True)
        path = place / name
        path.write_bytes(data)
        return path
