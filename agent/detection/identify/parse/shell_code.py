"""Reads shell scripts and says what shape they have: a loop around `curl` or `wget`, and what is done with the pages.

Comments go, the rest is taken as words; `for`, `while` and `until` reach to their `done`. That is not the shell's
grammar, and need not be: the question is only whether a program that fetches stands inside a loop, and whether the
address it fetches is made from a variable.
"""

from __future__ import annotations

import re

from agent.detection.identify.parse import vocabulary as words
from agent.detection.identify.parse.facts import CodeFacts

MAX_WORDS = 100_000
_COMMENT = re.compile(r"(?:^|(?<=\s))#[^\n]*")
_WORD = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|[;&|()<>\n]|[^\s;&|()<>\"']+(?:\"(?:[^\"\\]|\\.)*\"|'[^']*')*")
_ENDS = frozenset(";&|()\n")
_LOOPS = frozenset(["for", "while", "until"])
_TAKES_APART = frozenset(
    ["grep", "egrep", "sed", "awk", "gawk", "jq", "pup", "htmlq", "xmllint", "hxselect", "xidel", "html2text", "perl"]
)
_PREFIXES = frozenset(["sudo", "nohup", "time", "exec", "xargs", "proxychains", "torsocks"])
_HEAD_ONLY = frozenset(["-I", "--head", "--spider"])
_KEEPS = frozenset(["-o", "-O", "--output", "-P", "--output-document"])


def read(source: bytes) -> CodeFacts:
    """Say what shape a shell script has."""
    text = _COMMENT.sub("", source.decode("utf-8", "replace").replace("\\\n", " "))
    tokens = [match[0] for match in _WORD.finditer(text)][:MAX_WORDS]
    depth = 0
    requests = in_loop = walks = takes = writes = False
    used: set[str] = set()
    fresh = True
    for at, piece in enumerate(tokens):
        name = piece.rsplit("/", 1)[-1]
        if fresh and name in _LOOPS:
            depth += 1
        elif fresh and name == "done":
            depth = max(0, depth - 1)
        elif name in words.SHELL_FETCHERS and (fresh or _after_prefix(tokens, at)):
            arguments = _arguments(tokens, at + 1)
            if not _HEAD_ONLY & set(arguments):
                requests = True
                used.add(name)
                if depth:
                    in_loop = True
                    walks = walks or any(_numbered(argument) for argument in arguments)
                    writes = writes or bool(_KEEPS & set(arguments))
        elif depth and name in _TAKES_APART:
            takes = True
        elif depth and piece == ">":
            writes = True
        fresh = piece in _ENDS or name in ("do", "then", "else", "{", "!")
    return CodeFacts(
        imports=tuple(sorted(used)),
        requests=requests,
        in_loop=in_loop,
        parses=in_loop and takes,
        writes=in_loop and writes,
        walks=walks,
        people=words.about_people(text),
        own_host=words.all_own(words.hosts(text)),
    )


def _arguments(tokens: list[str], at: int) -> list[str]:
    end = at
    while end < len(tokens) and tokens[end] not in _ENDS:
        end += 1
    return tokens[at:end]


def _after_prefix(tokens: list[str], at: int) -> bool:
    """Return whether a fetcher follows an assignment, a substitution or a word that runs another program."""
    before = tokens[at - 1] if at else ""
    return before.endswith(("$", "=", "`")) or before in _PREFIXES


def _numbered(argument: str) -> bool:
    """Return whether an address is made from a variable in the place of a page's number or a person's name."""
    return "$" in argument and bool(words.PAGE_WORD.search(argument.split("$", 1)[0]) or words.about_people(argument))
