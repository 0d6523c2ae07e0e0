"""What the reader by tokens must know of one language: how it loops, names functions, asks the web, keeps what it got.

A `Grammar` is data. `javascript_code.py`, `small_languages.py` hold the grammars, `token_shape.py` reads by them. All
words are in lower case; members are compared by their last name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum


class Blocks(Enum):
    """How a block is held together."""

    BRACES = "braces"
    ENDS = "ends"
    """From a word such as `do` or `def` to `end`."""


def words(text: str) -> frozenset[str]:
    """Return a set of words, written with blanks between them.

    Raises:
        ValueError: One of them has a capital letter, and could match nothing.
    """
    found = frozenset(text.split())
    if capitals := sorted(word for word in found if word != word.lower()):
        raise ValueError(f"names are compared in lower case; write {', '.join(capitals)} so")
    return found


@dataclass(frozen=True, slots=True)
class Grammar:
    """One language.

    Attributes:
        token: Pattern of its tokens (`tokens.pattern`).
        inserts: Finds what is put into a text.
        sigils: Signs before a variable's name.
        started: A text in backticks is a command that is started.
        blocks: How its blocks are held together.
        bare_calls: A function may be called without parentheses.
        templates: Texts in backticks hold code.
        regexes: It has literals between slashes.
        loops: Words that begin a loop.
        loop_calls: Functions and methods that call what they are handed, many times.
        functions: Words that begin a function.
        methods: A name, parentheses and a block make a function without a word before them.
        imports: Words that import what follows.
        roots: Names at the beginning of an expression that stand for a library.
        names: What imported names begin with, in lower case, and the package that brings them.
        bound: Imports that are used by another name than their last part.
        http: Libraries that make web requests, by the name they have in the facts.
        clients: Clients of a platform's own interface, and the platform's key (besides `PLATFORM_LIBRARIES`).
        drivers: Libraries that drive a browser.
        parsers: Libraries that take pages apart.
        feeds: Libraries that read feeds.
        servers: Libraries of servers and bots.
        testers: Libraries of tests.
        mailers: Libraries that send or read mail.
        calls: Functions that make a web request.
        maybe_calls: Functions that make one when they are given an address.
        verbs: Methods of a client that make one.
        drives: Methods of a driven browser that go to another page.
        follows: Methods of a crawling library that go on by links.
        parses: Functions and methods that take pages apart.
        writes: Functions and methods that write rows or files.
        reads_json: Functions and methods that take an answer as JSON.
        reads_xml: Functions and methods that take an answer as XML.
        reads_body: Members that stand for an answer's content.
        starts: Functions that start another program.
        serves: Functions that wait to be asked.
        test_calls: Functions that declare a test.
        test_words: Names that stand in tests only.
        sure: Methods that make a web request, whoever's they are.
        moves: Methods that go on along a link of the page; they count in a loop.
        crawlers: Libraries that follow links by themselves once they are started.
        checks: Functions that assert.
        grows: Methods that put another address in line.
    """

    token: re.Pattern[str]
    inserts: re.Pattern[str] | None = None
    sigils: str = ""
    started: bool = False
    blocks: Blocks = Blocks.BRACES
    bare_calls: bool = False
    templates: bool = False
    regexes: bool = False
    loops: frozenset[str] = words("for foreach while until do")
    loop_calls: frozenset[str] = frozenset()
    functions: frozenset[str] = words("function")
    methods: bool = False
    imports: frozenset[str] = frozenset()
    roots: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    bound: dict[str, str] = field(default_factory=dict)
    http: frozenset[str] = frozenset()
    clients: dict[str, str] = field(default_factory=dict)
    drivers: frozenset[str] = frozenset()
    parsers: frozenset[str] = frozenset()
    feeds: frozenset[str] = frozenset()
    servers: frozenset[str] = frozenset()
    testers: frozenset[str] = frozenset()
    mailers: frozenset[str] = frozenset()
    calls: frozenset[str] = frozenset()
    maybe_calls: frozenset[str] = frozenset()
    verbs: frozenset[str] = words("get post request fetch send execute")
    drives: frozenset[str] = frozenset()
    follows: frozenset[str] = frozenset()
    parses: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    reads_json: frozenset[str] = frozenset()
    reads_xml: frozenset[str] = words("parsestring parsefromstring xml2js xmlparser simplexml_load_string read_xml")
    reads_body: frozenset[str] = words("body text content html data")
    starts: frozenset[str] = frozenset()
    serves: frozenset[str] = frozenset()
    test_calls: frozenset[str] = frozenset()
    test_words: frozenset[str] = frozenset()
    sure: frozenset[str] = frozenset()
    moves: frozenset[str] = frozenset()
    crawlers: frozenset[str] = frozenset()
    checks: frozenset[str] = words("expect assert")
    grows: frozenset[str] = words("push add append enqueue unshift")


def among(name: str, libraries: frozenset[str]) -> bool:
    """Return whether a library's name, or what it begins with up to a `.` or `/`, is among the given ones."""
    if name in libraries:
        return True
    at = len(name)
    for _ in range(6):
        at = max(name.rfind(".", 0, at), name.rfind("/", 0, at))
        if at <= 0:
            return False
        if name[:at] in libraries:
            return True
    return False
