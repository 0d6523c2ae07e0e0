"""One rehearsal from end to end: played, told, held against every place, compared, sealed; as one plain document."""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from agent import __version__
from agent.content.fingerprint import fingerprint
from agent.content.notices import difference
from agent.model.face import NoticeText
from agent.opening import Rulebook
from agent.rehearsing.draft import Draft
from agent.rehearsing.places import Place, everywhere
from agent.rehearsing.playing import Played, play
from agent.rehearsing.sides import Scene, scenes
from agent.rehearsing.signing import Sealed, seal, sha256_of, sha256_of_data
from agent.settings.policy import flattened
from agent.telling import notices_for

USUAL_DAY: Final = datetime.date(2026, 11, 23)
"""The day on which the play begins where nobody names one: the same for everybody, so that the hash is too."""


@dataclass(frozen=True, slots=True)
class KeyChange:
    """One key of the policy that is not what it is in the policy in force; None: there is no policy in force."""

    key: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Everything that is shown.

    Attributes:
        release: Of Gleanwatch.
        on: The day on which the notice is shown in the play, `2026-11-23`.
        organisation: Whose policy.
        jurisdiction: Its code.
        in_force: What it is compared with: `managed`, or `personal` where no policy is in force.
        keys: What differs.
        notice: How the notice differs: (`-`, `+` or a blank, line).
        scenes: The play.
        places: What jurisdictions say.
        left_out: What lies beside the policy and was not taken, and why.
        notices: Language → SHA-256 of the notice.
        text: The notice in English, or in the first language there is; empty where there is none.
        sealed: What is signed.
    """

    release: str
    on: str
    organisation: str
    jurisdiction: str
    in_force: str
    keys: tuple[KeyChange, ...]
    notice: tuple[tuple[str, str], ...]
    scenes: tuple[Scene, ...]
    places: tuple[Place, ...]
    left_out: tuple[str, ...]
    notices: dict[str, str]
    text: str
    sealed: Sealed


async def rehearse(
    draft: Draft, in_force: Rulebook, codes: Sequence[str] = (), on: datetime.date = USUAL_DAY
) -> Rehearsal:
    """Rehearse a draft.

    Args:
        draft: The policy.
        in_force: What it is compared with.
        codes: Jurisdictions that it is held against; none: every one there is.
        on: The day on which the notice is shown in the play.

    Raises:
        UnknownJurisdiction: There is none of that code.
    """
    places = everywhere(draft.policy, codes)
    with tempfile.TemporaryDirectory(prefix="gleanwatch-rehearsal-") as folder:
        played = await play(draft, on, Path(folder))
    told = scenes(draft, played)
    notice = _notice(played)
    return Rehearsal(
        release=__version__,
        on=on.isoformat(),
        organisation=draft.policy.organisation.name,
        jurisdiction=draft.policy.monitoring.jurisdiction,
        in_force=in_force.mode.value,
        keys=_keys(draft, in_force),
        notice=_notice_change(notice, in_force, on),
        scenes=told,
        places=places,
        left_out=tuple(f"{each.folder}/{each.file}: {each.why}" for each in played.left_out),
        notices={name: text.sha256 for name, text in played.notices.items()},
        text=notice.text if notice is not None else "",
        sealed=_sealed(draft, played, told, places, on),
    )


def _notice(played: Played) -> NoticeText | None:
    return played.notices.get("en") or next(iter(played.notices.values()), None)


def _sealed(draft: Draft, played: Played, told: Sequence[Scene], places: Sequence[Place], on: datetime.date) -> Sealed:
    supplement = draft.policy.supplement.encode()
    facts = [
        ("release", __version__),
        ("day", on.isoformat()),
        ("policy", sha256_of(draft.content)),
        ("supplement", sha256_of(supplement) if supplement else "none"),
        ("recognition", fingerprint()),
        ("own-rules", played.own_rules_sha256 or "none"),
        ("approvals", sha256_of_data(msgspec.to_builtins(played.approvals)) if played.approvals else "none"),
        *((f"notice-{name}", text.sha256) for name, text in sorted(played.notices.items())),
        ("play", sha256_of_data(msgspec.to_builtins(told))),
        ("places", sha256_of_data(msgspec.to_builtins(places))),
    ]
    return seal(facts)


def _keys(draft: Draft, in_force: Rulebook) -> tuple[KeyChange, ...]:
    after = flattened(draft.policy)
    before = flattened(in_force.policy) if in_force.policy is not None else dict.fromkeys(after)
    # The supplement's text is in the notice, where its difference is shown line by line.
    names = [name for name in sorted({*before, *after}) if name != "supplement"]
    changed = [KeyChange(name, before.get(name), after.get(name)) for name in names]
    return tuple(one for one in changed if one.before != one.after)


def _notice_change(notice: NoticeText | None, in_force: Rulebook, on: datetime.date) -> tuple[tuple[str, str], ...]:
    """Say how the notice differs from the one in force; of that one, rules of the organisation's own are not known."""
    if notice is None:
        return ()
    now = notices_for(in_force, on).get(notice.language)
    return tuple(difference(now.text if now is not None else "", notice.text))
