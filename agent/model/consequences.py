"""What follows from collecting, as information: what a platform's terms say, what the law of a place says.

`content/consequences.py` picks them for a finding out of data; every face shows them with source, date and certainty,
and none of them as advice.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Consequence:
    """One statement of somebody else's text, in our own words.

    Attributes:
        about: Whose rule it is, as a heading: `LinkedIn's terms`, `The law in Norway`.
        says: What it says, in whole sentences of our own.
        source: Which text, and where in it.
        date: The date of that text or of our reading, ISO 8601 as far as it is known; empty where it is not.
        certainty: `A` the text itself was read, `B` a secondary source was read, `C` nobody checked it.
    """

    about: str
    says: str
    source: str
    date: str
    certainty: str


@dataclass(frozen=True, slots=True)
class Place:
    """The place whose law is told of.

    Attributes:
        code: Jurisdiction code, empty where none is configured.
        name: Its name in English, or empty.
        elsewhere: Whether the person said that they do not work there: its law is not told then.
    """

    code: str
    name: str
    elsewhere: bool
