"""What each modifier and each kind of value means: a rule as written, events that match, events that do not.

Every line is tried with and without the prefilter (`making.matches`), so the table holds for both.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.detection.sigma.making import matches, rule_text

# rule, events that match, events that do not
TABLE: list[tuple[str, list[dict[str, Any]], list[dict[str, Any]]]] = [
    (
        "f: Abc",
        [{"f": "abc"}, {"f": "ABC"}, {"f": ["x", "aBc"]}],
        [{"f": "abcd"}, {"f": ""}, {}, {"g": "abc"}, {"f": None}],
    ),
    ("f: ''", [{"f": ""}], [{"f": "x"}, {}, {"f": None}]),
    ("f: a*c", [{"f": "ac"}, {"f": "A--C"}, {"f": "a\nc"}], [{"f": "acd"}, {"f": "bac"}]),
    ("f: a?c", [{"f": "abc"}, {"f": "aXC"}], [{"f": "ac"}, {"f": "abbc"}]),
    (r"f: a\*c", [{"f": "a*c"}], [{"f": "abc"}]),
    (r"f: a\?c", [{"f": "a?c"}], [{"f": "abc"}]),
    (r"f: a\\*c", [{"f": r"a\xc"}, {"f": "a\\c"}], [{"f": "a*c"}, {"f": "axc"}]),
    (r"f: C:\Windows\x", [{"f": r"c:\windows\X"}], [{"f": "c:windowsx"}]),
    ("f: '*'", [{"f": ""}, {"f": "x"}, {"f": 0}], [{}, {"f": None}]),
    ("f: '*a*b?c*'", [{"f": "xxaxxbxcxx"}, {"f": "abxbxc"}], [{"f": "abc"}, {"f": "bxca"}]),
    ("f: '*ab*ba*'", [{"f": "abba"}, {"f": "xabxbax"}], [{"f": "aba"}]),
    ("f: a*a", [{"f": "aa"}], [{"f": "a"}]),
    ("f:\n- one\n- two", [{"f": "TWO"}, {"f": ["x", "one"]}], [{"f": "three"}]),
    ("f: 5", [{"f": 5}, {"f": "5"}, {"f": 5.0}, {"f": [1, 5]}], [{"f": 50}, {"f": "05"}, {"f": True}]),
    ("f: 1.5", [{"f": 1.5}, {"f": "1.5"}], [{"f": 1}, {"f": 15}]),
    ("f: true", [{"f": True}, {"f": "True"}], [{"f": False}, {"f": 1}, {}]),
    ("f: null", [{}, {"f": None}, {"f": []}, {"f": [None, "x"]}], [{"f": ""}, {"f": "x"}, {"f": 0}, {"f": False}]),
    ("f|contains: b", [{"f": "aBc"}, {"f": ["x", "b"]}], [{"f": "ac"}, {}]),
    ("f|contains:\n- one\n- two", [{"f": "x two"}], [{"f": "three"}]),
    ("f|contains: a*b", [{"f": "xaxbx"}], [{"f": "ba"}]),
    ("f|startswith: Ab", [{"f": "abc"}], [{"f": "xab"}, {}]),
    ("f|endswith: .EXE", [{"f": "a.exe"}], [{"f": "a.exe.txt"}]),
    (r"f|endswith: \sub\a.exe", [{"f": r"C:\SUB\A.exe"}], [{"f": r"C:\x\a.exe"}, {"f": "a.exe"}]),
    ("f|endswith: /a", [{"f": "/usr/bin/a"}, {"f": "\\x/a"}], [{"f": "/usr/bin/ba"}, {"f": "/a/b"}]),
    ("f|contains|all:\n- one\n- two", [{"f": "two one"}, {"f": ["one", "two"]}], [{"f": "one"}, {"f": ["one", "on"]}]),
    ("f|all:\n- '*a*'\n- '*b*'", [{"f": "ba"}], [{"f": "a"}]),
    ("f|re: a.c", [{"f": "xabcx"}, {"f": ["x", "a-c"]}], [{"f": "ABC"}, {"f": "a\nc"}, {"f": "ac"}, {}]),
    ("f|re: ^a", [{"f": "ab"}], [{"f": "b\na"}]),
    ("f|re|i: a.c", [{"f": "ABC"}], [{"f": "AC"}]),
    ("f|re|m: ^a", [{"f": "b\na"}], [{"f": "ba"}]),
    ("f|re|s: a.c", [{"f": "a\nc"}], [{"f": "ac"}]),
    ("f|re|i|s: a.c", [{"f": "A\nC"}], [{"f": "A"}]),
    ("f|re: '5'", [{"f": 512}], [{"f": 42}]),
    (r"f|re: '\d{3}-(foo|bar)x+'", [{"f": "123-fooxx"}], [{"f": "123-foo"}]),
    ("f|cased: Abc", [{"f": "Abc"}], [{"f": "abc"}]),
    ("f|contains|cased: Abc", [{"f": "xAbcx"}], [{"f": "xabcx"}]),
    ("f|startswith|cased: A", [{"f": "Ax"}], [{"f": "ax"}]),
    ("f|cased: A*c?", [{"f": "Abcd"}], [{"f": "abcd"}, {"f": "AbC0"}]),
    (
        "f|cidr: 10.1.0.0/16",
        [{"f": "10.1.2.3"}, {"f": "::ffff:10.1.2.3"}],
        [{"f": "10.2.0.1"}, {"f": "x"}, {}, {"f": 5}],
    ),
    ("f|cidr:\n- 10.0.0.0/8\n- fe80::/10", [{"f": "fe80::1"}, {"f": ["x", "10.0.0.1"]}], [{"f": "::1"}]),
    (
        "f|windash|contains: ' -x'",
        [{"f": "a /x"}, {"f": "a -x"}, {"f": "a \u2013x"}, {"f": "a \u2014X"}],
        [{"f": "a x"}],
    ),
    ("f|base64|contains: foobar", [{"f": "xx Zm9vYmFy"}], [{"f": "foobar"}]),
    (
        "f|base64offset|contains: people",
        [{"f": "eHhwZW9wbGU="}, {"f": "cGVvcGxl"}, {"f": "eHBlb3BsZXg="}],
        [{"f": "people"}],
    ),
    ("f|wide|base64offset|contains: ab", [{"f": "YQBiAA=="}], [{"f": "YWI="}]),
    ("f|utf16be|base64|contains: ab", [{"f": "AGEAYg=="}], [{"f": "YQBiAA=="}]),
    ("f|utf16|base64|contains: ab", [{"f": "//5hAGIA"}], [{"f": "YQBiAA=="}]),
    (
        "f|fieldref: g",
        [{"f": "Ab", "g": "aB"}, {"f": 5, "g": "5"}, {"f": ["x", "y"], "g": "y"}],
        [{"f": "a", "g": "b"}, {"f": "a"}, {}],
    ),
    ("f|fieldref|startswith: g", [{"f": "Abc", "g": "ab"}], [{"f": "ab", "g": "abc"}]),
    ("f|fieldref|endswith: g", [{"f": "xAB", "g": "ab"}], [{"f": "abx", "g": "ab"}]),
    ("f|fieldref|contains: g", [{"f": "xABx", "g": "ab"}], [{"f": "xaxb", "g": "ab"}]),
    ("f|exists: true", [{"f": "x"}, {"f": ""}, {"f": None}], [{}]),
    ("f|exists: false", [{}], [{"f": "x"}, {"f": None}]),
    (
        "f|lt: 10",
        [{"f": 9}, {"f": "9"}, {"f": -1.5}, {"f": [11, 3]}],
        [{"f": 10}, {"f": "x"}, {}, {"f": None}, {"f": True}],
    ),
    ("f|lte: 10", [{"f": 10}], [{"f": 10.5}]),
    ("f|gt: 1.5", [{"f": 2}, {"f": "1e3"}], [{"f": 1.5}, {"f": "nan"}, {"f": "inf"}]),
    ("f|gte: 10", [{"f": 10}], [{"f": 9}]),
    ("f|neq: a", [{"f": "b"}, {}, {"f": None}], [{"f": "A"}, {"f": ["b", "a"]}]),
    ("f|neq:\n- a\n- b", [{"f": "c"}], [{"f": "a"}, {"f": "b"}]),
    ("f|contains|neq: a", [{"f": "b"}], [{"f": "bab"}]),
    ("f|minute: 5", [{"f": "2026-01-31T10:05:59Z"}], [{"f": "2026-01-31T10:06:00Z"}, {"f": "x"}, {}]),
    ("f|hour: 10", [{"f": "2026-01-31 10:05:59.123"}, {"f": "2026-01-31T12:05:59+02:00"}], [{"f": "2026-01-31 11:00"}]),
    ("f|hour|gte: 18", [{"f": "2026-01-31T20:00:00Z"}], [{"f": "2026-01-31T09:00:00Z"}]),
    ("f|day: 31", [{"f": "2026-01-31"}, {"f": 1_769_817_600}, {"f": 1_769_817_600_000}], [{"f": "2026-01-30"}]),
    ("f|week: 5", [{"f": "2026-01-31T10:00:00.1234567Z"}], [{"f": "2026-02-02"}]),
    ("f|month: 1", [{"f": "2026-01-31"}], [{"f": "2026-02-01"}]),
    ("f|year: 2026", [{"f": "2026-01-31"}], [{"f": "2025-12-31"}, {"f": 10**30}]),
    ("- alpha\n- beta", [{"x": "some ALPHA"}, {"y": ["beta"]}, {"z": {"deep": "beta"}}], [{"x": "gamma"}, {}]),
    ("'|all':\n- alpha\n- beta", [{"x": "alpha", "y": "beta"}], [{"x": "alpha"}]),
    ("- 4688", [{"x": 4688}, {"x": "id 4688"}], [{"x": 1}]),
    ("- al*ha", [{"x": "xalPHAx"}], [{"x": "hala"}]),
    ("'|re': al.ha", [{"x": "xalphax"}], [{"x": "ALPHA"}]),
    ("f: a\ng: b", [{"f": "a", "g": "b"}], [{"f": "a"}, {"g": "b"}]),
    ("- f: a\n- g: b", [{"f": "a"}, {"g": "b"}], [{"f": "b", "g": "a"}]),
    ("a.b: x", [{"a": {"b": "X"}}, {"a.b": "x"}, {"a": [{"b": "y"}, {"b": "x"}]}], [{"a": "x"}, {"a": {"c": "x"}}]),
    ("f: STRASSE", [{"f": "straße"}], [{"f": "strase"}]),
    ("f|contains: ΑΣ", [{"f": "ασα"}, {"f": "ας"}], [{"f": "α"}]),
    ("f|contains: 'a\\b'", [{"f": "xA\\Bx"}], [{"f": "ab"}]),
]


@pytest.mark.parametrize(("rule", "yes", "no"), TABLE, ids=[row[0].replace("\n", " ") for row in TABLE])
def test_what_a_rule_means(rule: str, yes: list[dict[str, Any]], no: list[dict[str, Any]]) -> None:
    text = rule_text(rule)
    assert [event for event in yes if not matches(text, event)] == []
    assert [event for event in no if matches(text, event)] == []


EVENT = {"a": "1", "b": "2"}
CONDITIONS = [
    ("sel_a", True),
    ("sel_x", False),
    ("not sel_x", True),
    ("sel_a and sel_b", True),
    ("sel_a and sel_x", False),
    ("sel_a or sel_x", True),
    ("1 of sel_*", True),
    ("all of sel_*", False),
    ("all of them", False),
    ("1 of them", True),
    ("any of sel_x*", False),
    ("not 1 of sel_x*", True),
    ("not all of sel_*", True),
    ("sel_a and not sel_x", True),
    ("not (sel_a and sel_b)", False),
    ("not sel_a or sel_b", True),
    ("sel_x and sel_a or sel_b", True),
    ("sel_x and (sel_a or sel_b)", False),
    ("not not sel_a", True),
    ("1 of sel_* and not all of sel_*", True),
    ("NOT sel_x", None),
]


@pytest.mark.parametrize(("condition", "expected"), CONDITIONS)
def test_what_a_condition_means(condition: str, expected: bool | None) -> None:
    text = (
        "title: t\nid: 00000000-0000-4000-8000-000000000001\nlogsource: {category: test}\ndetection:\n"
        f"  sel_a: {{a: 1}}\n  sel_b: {{b: 2}}\n  sel_x: {{a: 2}}\n  condition: {condition}\n"
    )
    if expected is None:
        with pytest.raises(AssertionError, match=r"[Ee]xpected|not defined"):
            matches(text, EVENT)
    else:
        assert matches(text, EVENT) is expected


def test_of_several_conditions_one_is_enough() -> None:
    text = rule_text("f: a", condition="[selection, other]").replace("  condition", "  other: {g: b}\n  condition")
    assert matches(text, {"g": "b"})
    assert matches(text, {"f": "a"})
    assert not matches(text, {"f": "b"})
