"""Laws that hold for every condition and event: the prefilter changes nothing, nor does case; De Morgan."""

from __future__ import annotations

import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.detection.sigma.event import event_of
from agent.detection.sigma.form import And, Compare, Node, Not, Operator, Or, Regex, Text
from agent.detection.sigma.match import like
from agent.detection.sigma.regex import required
from tests.unit.detection.sigma.making import CONDITIONS, EVENTS, LETTERS, PIECES, judged, judged_all


@given(st.lists(CONDITIONS, min_size=1, max_size=6), EVENTS)
@settings(max_examples=400, deadline=None)
def test_the_prefilter_changes_no_match(conditions: list[Node], fields: dict[str, object]) -> None:
    judged_all(conditions, fields)  # asserts it


@given(CONDITIONS, CONDITIONS, EVENTS)
@settings(deadline=None)
def test_de_morgan(one: Node, other: Node, fields: dict[str, object]) -> None:
    assert judged(Not(And((one, other))), fields) is judged(Or((Not(one), Not(other))), fields)
    assert judged(Not(Or((one, other))), fields) is judged(And((Not(one), Not(other))), fields)
    assert judged(Not(Not(one)), fields) is judged(one, fields)


@given(CONDITIONS, CONDITIONS, EVENTS)
@settings(deadline=None)
def test_the_order_of_parts_changes_nothing(one: Node, other: Node, fields: dict[str, object]) -> None:
    assert judged(And((one, other)), fields) is judged(And((other, one)), fields)
    assert judged(Or((one, other)), fields) is judged(Or((other, one)), fields)


def test_texts_that_overlap_are_all_found() -> None:
    contains = [Text("f", (0, text, 0)) for text in ("abc", "bcd", "b", "abcd", "bx")]
    assert judged_all(contains, {"f": "xabcdx"}) == [True, True, True, True, False]


CASELESS = st.text("aAbBßéÉσςΣ/\\", max_size=6)


@given(st.builds(Text, st.just("f"), PIECES), CASELESS)
@settings(deadline=None)
def test_case_changes_nothing_unless_it_is_asked_for(test: Text, value: str) -> None:
    assert judged(test, {"f": value}) is judged(test, {"f": value.swapcase()}) or "ß" in value or "ß" in test.literal
    assert judged(test, {"f": value}) is judged(test, {"f": value.casefold()})


@given(CASELESS, CASELESS, CASELESS)
def test_folding_keeps_what_is_within(before: str, within: str, after: str) -> None:
    event = event_of({"f": before + within + after})
    assert within.casefold() in event["f"]


@given(PIECES, LETTERS)
@settings(max_examples=500)
def test_wildcards_mean_what_they_mean_as_an_expression(pieces: tuple[str | int, ...], text: str) -> None:
    expression = "".join(re2.escape(each) if isinstance(each, str) else (".*", ".")[each] for each in pieces)
    assert like(pieces)(text) is (re2.compile(f"(?s)\\A(?:{expression})\\z").search(text) is not None)


ATOMS = st.sampled_from(
    ["a", "B", "0", "\\.", "\\d", "[ab]", "[^]x]", "(a|b)", "(?:ab)?", ".", "\\\\", "(?i)", "{", "a{2}"]
)
REPEATS = st.sampled_from(["", "", "", "*", "+", "?", "{0,2}", "{1}", "+?"])
PATTERNS = st.lists(st.tuples(ATOMS, REPEATS).map("".join), max_size=5).map("".join)


@given(st.one_of(PATTERNS, st.tuples(PATTERNS, PATTERNS).map("|".join)), st.text("aAbB0.\\x{", max_size=8))
@settings(max_examples=1000, deadline=None)
def test_what_a_pattern_requires_is_in_all_that_it_matches(pattern: str, text: str) -> None:
    try:
        compiled = re2.compile(pattern)
    except re2.error:
        return
    if compiled.search(text) is not None:
        assert required(pattern) in text.casefold()


def test_what_a_pattern_requires_is_seen() -> None:
    assert required(r"cmd.{0,5}(?:/c|/r).+powershell.+\"") == "powershell"
    assert required(r"\$PSHome\[\s*\d{1,3}\s*\]") == "$pshome["
    assert required("abc|abd") == ""
    assert required("ab?cd") == "cd"
    assert required("ab+c") == "a"
    assert required("a(?i)*") == ""
    assert required("(?i)WerFault\\.exe") == "werfault.exe"
    assert required(r"\x41bcdef") == ""
    assert required(r"[[:alpha:]]people[^]|]+") == "people"


@given(EVENTS)
def test_a_regular_expression_on_any_value_never_fails(fields: dict[str, object]) -> None:
    judged(Regex(None, "(a|ab)(c|bcd)*$"), fields)


PLAIN = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None))
    | st.sampled_from(["5", "5.0", "Ä", "ß", "true", ""])
)


@given(fields=st.dictionaries(st.sampled_from("abcde"), PLAIN | st.lists(PLAIN, max_size=3), max_size=5))
def test_the_quick_way_to_an_event_gives_what_the_slow_one_gives(fields: dict[str, object]) -> None:
    # A mapping beside them makes everything go the slow way.
    slow = event_of({**fields, "z": {"y": 1}})
    del slow["z.y"]
    assert event_of(fields) == slow


@given(value=PLAIN, op=st.sampled_from(["lt", "lte", "gt", "gte"]), number=st.integers(-10, 10) | st.floats(-10, 10))
def test_a_number_compares_as_its_text_does(value: object, op: Operator, number: float) -> None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        test = Compare("f", op, number)
        assert judged(test, {"f": value}) == judged(test, {"f": str(value)})
