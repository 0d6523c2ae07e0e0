"""Rules in a form of our own: what parsing hands on and everything else here works on.

pySigma's objects know their parser; these are plain data that travel as JSON, so that a rule can be parsed in a process
of its own and evaluated in the daemon, which never loads pySigma. `parse.py` makes them, `link.py` joins those of many
files into one `RuleSet`, `compile.py` turns a condition into a function, `words.py` says it in English.

A condition is a tree of `And`, `Or`, `Not` over tests of one field each. A test whose field is None looks at the value
of every field (Sigma's keywords).
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

ANY: Final = 0
"""In `Text.pieces`: any characters, also none (Sigma's `*`)."""
ONE: Final = 1
"""In `Text.pieces`: exactly one character (Sigma's `?`)."""

How = Literal["is", "starts", "ends", "has", "like"]
Operator = Literal["eq", "neq", "lt", "lte", "gt", "gte"]
TimePart = Literal["minute", "hour", "day", "week", "month", "year"]
CorrelationType = Literal["event_count", "value_count", "value_sum", "value_avg", "temporal", "temporal_ordered"]


class LogSource(msgspec.Struct, frozen=True):
    """Where a rule looks, or where an event is from. None says nothing: a rule with it applies to all."""

    category: str | None = None
    product: str | None = None
    service: str | None = None


class Text(msgspec.Struct, frozen=True, tag="text"):
    """A field's text is so; letters' case counts only where `cased`.

    Attributes:
        field: Whose text; None for any field.
        pieces: Literal texts with `ANY` and `ONE` between them; none at all is the empty text.
        cased: Whether case counts.
    """

    field: str | None
    pieces: tuple[str | int, ...]
    cased: bool = False

    @property
    def how(self) -> How:
        """Which of the simple comparisons this is; `like` where it is none of them."""
        literals = [piece for piece in self.pieces if isinstance(piece, str)]
        if len(literals) <= 1 and ONE not in self.pieces:
            shape = tuple(ANY if piece == ANY else "x" for piece in self.pieces)
            if shape in ((), ("x",)):
                return "is"
            if shape == ("x", ANY):
                return "starts"
            if shape == (ANY, "x"):
                return "ends"
            if shape == (ANY, "x", ANY):
                return "has"
        return "like"

    @property
    def literal(self) -> str:
        """The longest literal text in it; empty where there is none."""
        return max((piece for piece in self.pieces if isinstance(piece, str)), key=len, default="")


class Regex(msgspec.Struct, frozen=True, tag="regex"):
    """A regular expression (RE2) is found somewhere in a field's text. `flags` are of `i`, `m`, `s`."""

    field: str | None
    pattern: str
    flags: str = ""


class Cidr(msgspec.Struct, frozen=True, tag="cidr"):
    """A field's address is within a network."""

    field: str
    network: str


class Compare(msgspec.Struct, frozen=True, tag="compare"):
    """A field's number, or a part of the time (UTC) it holds, compared with a number."""

    field: str
    op: Operator
    number: int | float
    part: TimePart | None = None


class Null(msgspec.Struct, frozen=True, tag="null"):
    """A field is missing or holds nothing."""

    field: str


class Exists(msgspec.Struct, frozen=True, tag="exists"):
    """A field is there, whatever it holds; or is not, where `wanted` is false."""

    field: str
    wanted: bool


class Same(msgspec.Struct, frozen=True, tag="same"):
    """A field's text is, starts with, ends with or holds another field's text; case does not count."""

    field: str
    other: str
    how: Literal["is", "starts", "ends", "has"]


class And(msgspec.Struct, frozen=True, tag="and"):
    """All of these."""

    parts: tuple[Node, ...]


class Or(msgspec.Struct, frozen=True, tag="or"):
    """At least one of these."""

    parts: tuple[Node, ...]


class Not(msgspec.Struct, frozen=True, tag="not"):
    """Not this."""

    part: Node


Node = And | Or | Not | Text | Regex | Cidr | Compare | Null | Exists | Same


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule says of itself.

    Attributes:
        id: Its UUID; the name, or file and number, where it has none.
        title: One line.
        name: The short name by which correlations may refer to it.
        description: What it is for.
        level: Sigma's word, such as `medium`.
        status: Sigma's word, such as `stable`.
        tags: Such as `attack.t1119`.
        custom: What stands under the rule's key `gleanwatch`: anything that JSON can hold.
        file: The file it came from, as given.
        line: Where in the file it starts, from 1.
    """

    id: str
    title: str
    name: str | None = None
    description: str = ""
    level: str | None = None
    status: str | None = None
    tags: tuple[str, ...] = ()
    custom: dict[str, Any] = {}
    file: str = ""
    line: int = 1


class Rule(About, frozen=True, kw_only=True, tag_field="kind", tag="rule"):
    """A rule about one event."""

    logsource: LogSource
    condition: Node


class Correlation(About, frozen=True, kw_only=True, tag_field="kind", tag="correlation"):
    """A rule about several events over time.

    Attributes:
        type: What is counted.
        rules: Ids of the rules whose matches count; before linking, ids or names.
        group_by: Fields or aliases: each combination of their values is counted apart.
        aliases: Alias → rule → that rule's own field.
        span_ms: How far apart the first and the last event may lie, in milliseconds, both ends included.
        op: How the result is compared with `count`.
        count: See `op`.
        fields: Whose values are counted, summed or averaged.
        generate: Whether the rules it refers to also report by themselves.
    """

    type: CorrelationType
    rules: tuple[str, ...]
    group_by: tuple[str, ...] = ()
    aliases: dict[str, dict[str, str]] = {}
    span_ms: int
    op: Operator
    count: int | float
    fields: tuple[str, ...] = ()
    generate: bool = False


class Refusal(msgspec.Struct, frozen=True):
    """A rule that was not loaded, and why.

    Attributes:
        file: The file, as given.
        rule_id: The rule's id as written; None where it has none or could not be read.
        title: Its title as written, or empty.
        line: The line of the rule or, where it can be told, of the part that is at fault; from 1.
        reason: One sentence for the author of the rule.
    """

    file: str
    rule_id: str | None
    title: str
    line: int
    reason: str


class Parsed(msgspec.Struct, frozen=True):
    """What one file gave, before files are joined."""

    rules: tuple[Rule | Correlation, ...] = ()
    refusals: tuple[Refusal, ...] = ()


class RuleSet(msgspec.Struct, frozen=True):
    """Rules that can be evaluated together: ids are unique, every reference is resolved, correlations stand last.

    Attributes:
        rules: Rules about one event.
        correlations: In such an order that each refers to earlier ones only; `rules` of each holds ids.
        refusals: What was not loaded.
    """

    rules: tuple[Rule, ...] = ()
    correlations: tuple[Correlation, ...] = ()
    refusals: tuple[Refusal, ...] = ()
