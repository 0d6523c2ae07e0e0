"""What an organisation puts beside its policy, as every face shows it (DESIGN 3.14, 3.15)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agent.model.approvals import Approval
from agent.model.own_rules import OwnRule

Folder = Literal["rules", "approvals"]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file, or a rule in it, that could not be taken.

    Attributes:
        folder: In which folder beside the policy it lies.
        file: Its base name, or the folder's where it is about all of it.
        line: Where in the file, from 1.
        why: What is wrong with it, for whoever wrote it.
    """

    folder: Folder
    file: str
    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Added:
    """Everything that an organisation adds.

    Attributes:
        rules: Its rules as people are told of them, by title.
        since: From when they have been in force, UTC milliseconds: when the notice with them was first shown. None
            where they are not.
        earlier: Whether `rules` are those of before, since the files as they lie there now cannot all be taken.
        approvals: What its compliance team has approved and still holds.
        left_out: What could not be taken.
    """

    rules: tuple[OwnRule, ...] = ()
    since: int | None = None
    earlier: bool = False
    approvals: tuple[Approval, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @property
    def waiting(self) -> bool:
        """Whether there are rules and they wait until the person has read the notice with them."""
        return bool(self.rules) and self.since is None
