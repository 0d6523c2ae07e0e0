"""What the compliance team has approved: read from signed notes, and held against a finding.

An approval is a C2SP signed note, a few lines of text and a signature by a key that the policy names:

    gleanwatch approval v1
    family: media-downloader
    platform: youtube
    until: 2027-01-31T00:00:00Z
    reference: TICKET-12

`family` and `platform` may be `any`, not both. The laptop verifies it, shows it and obeys it: a finding that it covers
is listed, is not warned about and is not reported until it ends (DESIGN 3.14).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final, get_args

from agent.content.catalogue import Family
from agent.content.platforms import load_platforms
from agent.ledger.note import NoteError, VerifierKey, parse, verified
from agent.model.approvals import ANY, Approval
from agent.model.findings import Finding

FIRST_LINE: Final = "gleanwatch approval v1"
MAX_BYTES: Final = 8192
MOST_DAYS: Final = 366
"""An approval that holds longer than a year is refused: what is approved is looked at again."""
_LINE = re.compile(r"(family|platform|until|reference): (\S.{0,199})")
_DAY_MS: Final = 86_400_000


class ApprovalRefused(ValueError):
    """An approval cannot be taken; the text says why and what to do."""


def read_approval(data: bytes, keys: Iterable[VerifierKey], now: int) -> Approval:
    """Read and verify one approval.

    Args:
        data: The signed note.
        keys: The keys that the policy names.
        now: UTC milliseconds.

    Raises:
        ApprovalRefused: It is no such note, no named key signed it, or it says what an approval cannot say.
    """
    if len(data) > MAX_BYTES:
        raise ApprovalRefused(f"it is longer than {MAX_BYTES} bytes")
    try:
        note = parse(data)
        signers = verified(note, keys)
    except NoteError as problem:
        raise ApprovalRefused(str(problem)) from None
    if not signers:
        raise ApprovalRefused("none of the keys that the policy names under approvals.keys has signed it")
    head, *lines = note.text.splitlines()
    if head != FIRST_LINE:
        raise ApprovalRefused(f"its first line must be «{FIRST_LINE}»")
    said: dict[str, str] = {}
    for line in lines:
        found = _LINE.fullmatch(line)
        if found is None or found[1] in said:
            raise ApprovalRefused("each further line must be one of family, platform, until, reference, once")
        said[found[1]] = found[2]
    missing = {"family", "platform", "until", "reference"} - said.keys()
    if missing:
        raise ApprovalRefused(f"it lacks {', '.join(sorted(missing))}")
    _check_scope(said["family"], said["platform"])
    return Approval(said["family"], said["platform"], _until(said["until"], now), said["reference"], signers[0].name)


def covering(finding: Finding, approvals: Sequence[Approval], now: int) -> Approval | None:
    """Return the approval that covers a finding, the one that holds longest; None where there is none.

    One for a platform covers a finding whose platforms are all that one, and none that is seen on no platform: what is
    not known to be on it is not approved.
    """
    holding = [
        approval
        for approval in approvals
        if now < approval.until
        and approval.family in (ANY, finding.family)
        and (approval.platform == ANY or finding.platforms == (approval.platform,))
    ]
    return max(holding, key=lambda approval: approval.until, default=None)


def _check_scope(family: str, platform: str) -> None:
    families = get_args(Family)
    if family != ANY and family not in families:
        raise ApprovalRefused(f"its family is none of {', '.join(families)}, {ANY}")
    if platform != ANY and platform not in load_platforms().keys:
        raise ApprovalRefused(f"its platform is none of {', '.join(sorted(load_platforms().keys))}, {ANY}")
    if family == platform == ANY:
        raise ApprovalRefused("it approves everything; name a family or a platform")


def _until(text: str, now: int) -> int:
    try:
        then = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise ApprovalRefused("its end is written as 2027-01-31T00:00:00Z") from None
    until = int(then.timestamp() * 1000)
    if until > now + MOST_DAYS * _DAY_MS:
        raise ApprovalRefused(f"it holds for more than {MOST_DAYS} days; end it sooner and renew it")
    return until
