"""The organisation's policy: a TOML file that puts an instance into managed mode (DESIGN 3.11).

Absent means personal mode. Present but wrong in any way is an error and never personal mode: an organisation's laptop
must not start as if there were no notice to show. In managed mode the file, and every folder above it, must be root's
and writable by nobody else, since whoever can write it decides what is observed; the same holds for the supplement to
the notice that it may name.

File → bytes, whose owner was checked → TOML → `Policy`, each value within its limits. What is well formed and still
may not be asked for where the staff work is refused later, by `consent/ruling.py`. There is no key that adds a field to
what is observed, lengthens a retention or turns an optional purpose into a mandatory one. `docs/policy.md` has every
key with its meaning.
"""

from __future__ import annotations

import datetime
import os
import re
import stat
import sys
import unicodedata
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import msgspec

from agent.model.purposes import Purpose, StartRule
from agent.settings import toml_file

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Reference = Annotated[str, msgspec.Meta(max_length=200)]
PlatformKey = Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9-]{0,39}$")]

MAX_BYTES: Final = 65_536
MAX_SUPPLEMENT_BYTES: Final = 8_192
MAX_WITNESSES: Final = 8
MAX_APPROVERS: Final = 4

_RENAMED: Final = {
    "monitoring.require_acknowledgement": (
        'is now `start`: write start = "acknowledged" for true and start = "shown" for false'
    ),
}
_REVIEWED: Final = 'name = "Legal, ref. 12" and date = 2026-11-23'
_VKEY: Final = re.compile(r"[^\s+]{1,100}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{10,4000}={0,2}")
_PATH: Final = r"(:\d{1,5})?(/[A-Za-z0-9._~/-]*)?"
_HTTPS: Final = re.compile(r"https://[A-Za-z0-9][A-Za-z0-9.-]*" + _PATH)
# What cannot be seen (control characters, turned reading direction) can make a text look like another one; line ends,
# tabs and the joiners that some scripts need are harmless.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs"})
_JOINERS: Final = frozenset("\n\t\u200c\u200d")
_LOOPBACK: Final = re.compile(r"http://(127\.0\.0\.1|localhost|\[::1\])" + _PATH)


class PolicyError(toml_file.TomlError):
    """The policy file is there and cannot be followed; the agent must not start."""


class Organisation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[organisation]`: who is responsible.

    Attributes:
        name: As the notice names it.
        contact: Where a person turns to with questions: an address of the organisation, no person's name needed.
        address: Its postal address, which records of consent ask for (ISO/IEC TS 27560); empty: none is given.
    """

    name: Text
    contact: Text
    address: Reference = ""


class Monitoring(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[monitoring]`: under which rules observing begins, and what this organisation does without.

    Attributes:
        jurisdiction: Where the staff work: a code such as `NO` or `US-NY`.
        lead_days: Days between showing the notice and the first observation.
        start: What observing waits for besides these days.
        purposes_off: Purposes this organisation does without.
        platforms_off: Keys of platforms that are not watched.
    """

    jurisdiction: Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]
    lead_days: Annotated[int, msgspec.Meta(ge=0, le=365)] = 14
    start: StartRule = StartRule.ACKNOWLEDGED
    purposes_off: tuple[Purpose, ...] = ()
    platforms_off: tuple[PlatformKey, ...] = ()


class References(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[references]`: where the organisation's own papers are found; shown in the notice, never opened.

    Attributes:
        dpia: The data protection impact assessment.
        representatives: How workers' representatives were consulted, or that there are none.
        policy: The written policy on monitoring that staff know.
        regulator_filing: The filing with, or the authorisation of, the regulator.
        posting: Where the notice is posted.
    """

    dpia: Reference = ""
    representatives: Reference = ""
    policy: Reference = ""
    regulator_filing: Reference = ""
    posting: Reference = ""


class Notices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[notices]`: what the organisation adds to the notice; the core is ours and stays as it is.

    Attributes:
        supplement: Name of a Markdown file beside the policy, at most 8 KiB; empty: none.
    """

    supplement: Annotated[str, msgspec.Meta(pattern="^([A-Za-z0-9][A-Za-z0-9._-]{0,99})?$")] = ""


class Witness(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One witness of the ledger that the employer need not run.

    Attributes:
        key: Its verifier key: name, eight hex digits and base64, joined by `+` (C2SP signed-note).
        url: Where it takes checkpoints (C2SP tlog-witness): https, or loopback http in test mode.
    """

    key: Annotated[str, msgspec.Meta(max_length=5000)]
    url: Text


class Ledger(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[ledger]`: who else sees that the record was not rewritten. They see its size and a hash, nothing of it."""

    witnesses: Annotated[tuple[Witness, ...], msgspec.Meta(max_length=MAX_WITNESSES)] = ()


class Retention(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[retention]`: may shorten what we keep, never lengthen it."""

    observations_hours: Annotated[int, msgspec.Meta(ge=1, le=24)] = 24
    findings_days: Annotated[int, msgspec.Meta(ge=1, le=90)] = 90


class Approvals(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[approvals]`: whose word counts when a kind of collecting is approved.

    Attributes:
        keys: Verifier keys of the compliance team (C2SP signed-note, Ed25519); approvals lie signed by one of them in
            the folder `approvals` beside the policy.
    """

    keys: Annotated[
        tuple[Annotated[str, msgspec.Meta(max_length=500)], ...], msgspec.Meta(max_length=MAX_APPROVERS)
    ] = ()


class Detection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[detection]`: how long a flagged finding is the person's alone, hours."""

    hold_hours: Annotated[int, msgspec.Meta(ge=1, le=72)] = 24


class LegalReviewer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[legal_reviewer]`: who looked over our facts of law and terms; until then unconfirmed ones stay hidden.

    Attributes:
        name: A name, an office or a reference; it is shown to nobody.
        date: When; with the name or not at all.
    """

    name: Reference = ""
    date: datetime.date | None = None

    @property
    def named(self) -> bool:
        """Whether somebody reviewed them."""
        return bool(self.name) and self.date is not None


class PolicyFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    organisation: Organisation
    monitoring: Monitoring
    references: References = References()
    notices: Notices = Notices()
    ledger: Ledger = Ledger()
    retention: Retention = Retention()
    detection: Detection = Detection()
    approvals: Approvals = Approvals()

    legal_reviewer: LegalReviewer = LegalReviewer()


class Policy(PolicyFile, frozen=True, forbid_unknown_fields=True):
    """The whole file, with the text of the supplement that it names.

    Attributes:
        supplement: That text, its lines ended by `\\n`; empty: none.
    """

    supplement: str = ""


def flattened(policy: Policy) -> dict[str, object]:
    """Return a policy as dotted key → plain value, every key of it, those with our own value included."""
    found: dict[str, object] = {}
    for section, content in msgspec.to_builtins(policy).items():
        if isinstance(content, dict):
            found |= {f"{section}.{key}": value for key, value in content.items()}
        else:
            found[section] = content
    return found


def load_policy(path: Path, *, require_root: bool) -> Policy | None:
    """Read the policy and the supplement that it names; None when there is no policy.

    Args:
        path: Where it lies.
        require_root: Whether both files must be root's and closed to other writers, and witnesses be reached by https:
            always, save in test mode. Rights are not looked at on Windows, where they are not read this way.

    Raises:
        PolicyError: It is there and unreadable, too long, writable by others, or wrong; or its supplement is.
    """
    try:
        file = opened(path)
    except FileNotFoundError:
        if path.is_symlink():
            raise PolicyError(path, "", "is a link to a file that is not there; mend or remove the link") from None
        return None
    except OSError as error:
        raise PolicyError(path, "", f"cannot be read ({error.strerror}); the agent needs to read it") from None
    with file:
        text = read_owned(path, file, MAX_BYTES, require_root=require_root)
    return parse_policy(path, text, require_root=require_root)


def parse_policy(path: Path, text: bytes, *, require_root: bool) -> Policy:
    """Return the policy that a file says, with the supplement that it names.

    Args:
        path: Where it lies; it is not opened.
        text: Its bytes.
        require_root: As in `load_policy`.

    Raises:
        PolicyError: It is wrong, or its supplement is unreadable, too long, writable by others, or wrong.
    """
    try:
        found = toml_file.parse(path, text, PolicyFile, PolicyError)
    except PolicyError as error:
        if error.key in _RENAMED:
            raise PolicyError(path, error.key, _RENAMED[error.key]) from None
        raise
    _check_witnesses(path, found.ledger.witnesses, loopback=not require_root)
    for number, key in enumerate(found.approvals.keys):
        if not _VKEY.fullmatch(key):
            where = f"approvals.keys[{number}]"
            raise PolicyError(path, where, "is no verifier key; copy its whole line, name+8 hex digits+base64")

    if bool(found.legal_reviewer.name.strip()) is not (found.legal_reviewer.date is not None):
        missing = "date" if found.legal_reviewer.date is None else "name"
        problem = f"is missing: name who reviewed and when, such as {_REVIEWED}, or leave both out"
        raise PolicyError(path, f"legal_reviewer.{missing}", problem)
    supplement = _supplement(path, found.notices.supplement, require_root=require_root)
    sections = {name: getattr(found, name) for name in PolicyFile.__struct_fields__}
    return Policy(**sections, supplement=supplement)


def opened(path: Path) -> BinaryIO:
    """Open a file for reading without waiting for it: a named pipe in its place is refused later, never waited for.

    Raises:
        OSError: It cannot be opened.
    """

    def at_once(name: str, flags: int) -> int:
        return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))

    return open(path, "rb", opener=at_once)


def read_owned(path: Path, file: BinaryIO, limit: int, *, require_root: bool) -> bytes:
    """Return an opened file's bytes once its kind, owner and length are known to be right.

    Raises:
        PolicyError: It is no plain file, too long, or somebody other than root could have written it.
    """
    state = os.fstat(file.fileno())
    if not stat.S_ISREG(state.st_mode):
        raise PolicyError(path, "", "is not a plain file")
    if require_root and sys.platform != "win32":
        _require_root(path, state)
    text = file.read(limit + 1)
    if len(text) > limit:
        raise PolicyError(path, "", f"is longer than {limit} bytes")
    return text


def _require_root(path: Path, opened: os.stat_result) -> None:
    """Refuse a file that somebody other than root could have written or put there."""
    for place, state in ((path, opened), *((folder, folder.stat()) for folder in path.resolve().parents)):
        if state.st_uid != 0:
            raise PolicyError(path, "", f"{place} does not belong to root; give it to root (chown root)")
        # A folder like /tmp, open to all with the sticky bit, still lets anybody put a file there first.
        if state.st_mode & 0o022:
            raise PolicyError(path, "", f"{place} can be written by others than root; close it (chmod go-w)")


def _check_witnesses(path: Path, witnesses: tuple[Witness, ...], *, loopback: bool) -> None:
    """Refuse a witness whose key or address has not the form of one, or that is named twice."""
    for number, witness in enumerate(witnesses):
        key = f"ledger.witnesses[{number}]"
        if not _VKEY.fullmatch(witness.key):
            raise PolicyError(path, f"{key}.key", "is no verifier key; copy its whole line, name+8 hex digits+base64")
        if not (_HTTPS.fullmatch(witness.url) or (loopback and _LOOPBACK.fullmatch(witness.url))):
            raise PolicyError(path, f"{key}.url", "must be a plain https address, without a name, query or fragment")
        if any(witness.key == other.key for other in witnesses[:number]):
            raise PolicyError(path, f"{key}.key", "is named twice; a witness counts once")


def _supplement(policy: Path, name: str, *, require_root: bool) -> str:
    """Return the text that the organisation adds to the notice; empty when it names none."""
    if not name:
        return ""
    path = policy.with_name(name)
    try:
        file = opened(path)
    except OSError as error:
        problem = f"names {path}, which cannot be read ({error.strerror}); put it beside the policy or drop the key"
        raise PolicyError(policy, "notices.supplement", problem) from None
    with file:
        data = read_owned(path, file, MAX_SUPPLEMENT_BYTES, require_root=require_root)
    try:
        text = "\n".join(data.decode("utf-8-sig").splitlines()).strip()
    except UnicodeDecodeError:
        raise PolicyError(path, "", "is not UTF-8 text; save it again as UTF-8") from None
    if not text:
        raise PolicyError(path, "", "is empty; write what staff should read, or drop notices.supplement")
    if any(unicodedata.category(character) in _UNSEEN and character not in _JOINERS for character in text):
        raise PolicyError(path, "", "holds characters that cannot be seen; keep to plain text")
    return f"{text}\n"
