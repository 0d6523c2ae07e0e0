"""The organisation's policy: a TOML file that puts an instance into managed mode (DESIGN 3.11).

Absent means personal mode. Present but wrong in any way is an error and never personal mode: an organisation's laptop
must not start as if there were no notice to show. In managed mode the file, and every folder above it, must be root's
and writable by nobody else, since whoever can write it decides what is observed.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import Annotated

import msgspec

from agent.model.purposes import Purpose
from agent.settings import toml_file

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]

MAX_BYTES = 65_536


class PolicyError(toml_file.TomlError):
    """The policy file is there and cannot be followed; the agent must not start."""


class Organisation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[organisation]`: who is responsible.

    Attributes:
        name: As the notice names it.
        contact: Where a person turns to with questions: an address of the organisation, no person's name needed.
    """

    name: Text
    contact: Text


class Monitoring(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[monitoring]`: under which rules observing begins.

    Attributes:
        jurisdiction: A code such as `NO` or `US-NY`; only its form is checked in this release.
        lead_days: Days between showing the notice and the first observation.
        require_acknowledgement: Whether observing also waits for the person's acknowledgement.
        purposes_off: Purposes this organisation does without.
    """

    jurisdiction: Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]
    lead_days: Annotated[int, msgspec.Meta(ge=0, le=365)] = 14
    require_acknowledgement: bool = True
    purposes_off: tuple[Purpose, ...] = ()


class Retention(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[retention]`: may shorten what we keep, never lengthen it."""

    observations_hours: Annotated[int, msgspec.Meta(ge=1, le=24)] = 24
    findings_days: Annotated[int, msgspec.Meta(ge=1, le=90)] = 90


class Detection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[detection]`: how long a flagged finding is the person's alone, hours."""

    hold_hours: Annotated[int, msgspec.Meta(ge=1, le=72)] = 24


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    organisation: Organisation
    monitoring: Monitoring
    retention: Retention = Retention()
    detection: Detection = Detection()


def load_policy(path: Path, *, require_root: bool) -> Policy | None:
    """Read the policy; None when there is none.

    Args:
        path: Where it lies.
        require_root: Whether it must be root's and closed to other writers: always, save in test mode. Not looked at on
            Windows, where rights are not read this way.

    Raises:
        PolicyError: It is there and unreadable, too long, writable by others, or wrong.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        if path.is_symlink():
            raise PolicyError(path, "", "is a link to a file that is not there; mend or remove the link") from None
        return None
    except OSError as error:
        raise PolicyError(path, "", f"cannot be read ({error.strerror}); the agent needs to read it") from None
    with file:
        state = os.fstat(file.fileno())
        if not stat.S_ISREG(state.st_mode):
            raise PolicyError(path, "", "is not a plain file")
        if require_root and sys.platform != "win32":
            _require_root(path, state)
        text = file.read(MAX_BYTES + 1)
    if len(text) > MAX_BYTES:
        raise PolicyError(path, "", f"is longer than {MAX_BYTES} bytes")
    return toml_file.parse(path, text, Policy, PolicyError)


def _require_root(path: Path, opened: os.stat_result) -> None:
    """Refuse a policy that somebody other than root could have written or put there."""
    for place, state in ((path, opened), *((folder, folder.stat()) for folder in path.resolve().parents)):
        if state.st_uid != 0:
            raise PolicyError(path, "", f"{place} does not belong to root; give it to root (chown root)")
        # A folder like /tmp, open to all with the sticky bit, still lets anybody put a file there first.
        if state.st_mode & 0o022:
            raise PolicyError(path, "", f"{place} can be written by others than root; close it (chmod go-w)")
