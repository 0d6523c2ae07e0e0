"""Files that an organisation puts beside its policy: detection rules and approvals, each kind in a folder of its own.

The same rights hold as for the policy (root's, closed to other writers), since whoever can write there decides what is
flagged. A file that cannot be taken is left out and named; the others stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.settings.policy import PolicyError, opened, read_owned

MAX_FILES: Final = 200
MAX_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class Beside:
    """What lies in one folder.

    Attributes:
        files: Base name and text of each file that was taken, by name.
        refused: For each that was not, its base name and why, as one sentence.
    """

    files: tuple[tuple[str, str], ...] = ()
    refused: tuple[tuple[str, str], ...] = ()


def read_beside(policy: Path, folder: str, endings: tuple[str, ...], *, require_root: bool) -> Beside:
    """Read the files of one folder beside the policy; a folder that is not there holds none.

    Args:
        policy: Where the policy lies.
        folder: The folder's name, `rules` or `approvals`.
        endings: How the names of its files end, `.yml` for one.
        require_root: Whether they must be root's; always, save in test mode.
    """
    place = policy.parent / folder
    files: list[tuple[str, str]] = []
    refused: list[tuple[str, str]] = []
    try:
        paths = sorted(path for path in place.iterdir() if path.name.endswith(endings) and path.name[0] != ".")
    except FileNotFoundError:
        return Beside()
    except OSError as error:
        return Beside(refused=((folder, f"the folder cannot be read ({error.strerror})"),))
    if len(paths) > MAX_FILES:
        refused.append((folder, f"holds {len(paths)} files; at most {MAX_FILES} are read"))
    for path in paths[:MAX_FILES]:
        try:
            with opened(path) as file:
                files.append((path.name, read_owned(path, file, MAX_BYTES, require_root=require_root).decode()))
        except UnicodeDecodeError:
            refused.append((path.name, "is not UTF-8 text; save it again as UTF-8"))
        except PolicyError as problem:
            refused.append((path.name, problem.problem))
        except OSError as error:
            refused.append((path.name, f"cannot be read ({error.strerror})"))
    return Beside(tuple(files), tuple(refused))
