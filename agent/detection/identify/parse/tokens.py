"""Takes a program apart into texts, words and signs, in linear time, and says which bracket closes which.

No grammar is parsed: the questions of `token_shape.py` need the reach of loops, the names of calls and the texts in
them, no more. Member access is one sign, `.`, however the language writes it. Every pattern here consumes what it has
looked at (possessive, and an unclosed text or comment ends with its line or with the program), so that no input makes
it look twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MAX_TOKENS = 200_000
MAX_CHARACTERS = 1_000_000
_REGEX = re.compile(r"/(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*+\])++/[a-z]*")
_REGEX_REACH = 300
_TEMPLATE = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*+", re.DOTALL)
_BEFORE_REGEX = frozenset("=(,:;!&|?{}[+~%>")
_WORDS_BEFORE_REGEX = frozenset(["return", "typeof", "case", "in", "of", "and", "or", "if", "unless", "while", "split"])
_PAIRS = {"(": ")", "{": "}", "[": "]"}
_CLOSING = frozenset(_PAIRS.values())


@dataclass(slots=True)
class Tokens:
    """A program as parallel lists, one entry a token.

    Attributes:
        kinds: `t` text, `w` word, `s` sign.
        values: Texts without their quotes, words without a sigil, signs.
        low: The same in lower case.
        lines: Number of the line, from 0.
        close: For an opening bracket where it is closed (or the end), else -1.
        varies: For a text whether something is put into it.
    """

    kinds: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    low: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    close: list[int] = field(default_factory=list)
    varies: list[bool] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.kinds)

    def add(self, kind: str, value: str, line: int, *, varies: bool = False) -> None:
        """Put one token at the end."""
        self.kinds.append(kind)
        self.values.append(value)
        self.low.append(value.lower())
        self.lines.append(line)
        self.close.append(-1)
        self.varies.append(varies)

    def sign(self, at: int) -> str:
        """Return the sign at a place, or an empty string."""
        return self.values[at] if 0 <= at < len(self.kinds) and self.kinds[at] == "s" else ""

    def word(self, at: int) -> str:
        """Return the word at a place in lower case, or an empty string."""
        return self.low[at] if 0 <= at < len(self.kinds) and self.kinds[at] == "w" else ""

    def text(self, at: int) -> str:
        """Return the text at a place, or an empty string."""
        return self.values[at] if 0 <= at < len(self.kinds) and self.kinds[at] == "t" else ""

    def after(self, at: int) -> int:
        """Return the place after a bracket's closing one, or after the token itself."""
        return self.close[at] + 1 if self.close[at] >= 0 else at + 1


def pattern(*, skip: str, text: str, word: str, dot: str) -> re.Pattern[str]:
    """Return the pattern of one language's tokens.

    Args:
        skip: Comments.
        text: Quoted texts.
        word: Names, with their sigils.
        dot: What stands between an object and its member.
    """
    return re.compile(
        rf"(?P<skip>[^\S\n]++|{skip})|(?P<line>\n)|(?P<text>{text})|(?P<word>{word})|(?P<dot>{dot})"
        r"|(?P<sign>=>|<-|\.{2,3}|[=!<>]=+|\|\||&&|[^\s])",
        re.DOTALL,
    )


DOUBLE = r'"(?:[^"\\]|\\.)*+"?+'
SINGLE = r"'(?:[^'\\]|\\.)*+'?+"
DOUBLE_LINE = r'"(?:[^"\\\n]|\\.)*+"?+'
SINGLE_LINE = r"'(?:[^'\\\n]|\\.)*+'?+"
BLOCK_COMMENT = r"/\*(?:[^*]|\*(?!/))*+(?:\*/)?+"


def tokens_of(
    source: str,
    language: re.Pattern[str],
    *,
    inserts: re.Pattern[str] | None = None,
    sigils: str = "",
    templates: bool = False,
    regexes: bool = False,
    started: bool = False,
) -> Tokens:
    """Take a program apart.

    Args:
        source: The program.
        language: From `pattern`.
        inserts: Finds what is put into a text.
        sigils: Signs before a variable's name that are not part of it.
        templates: Whether texts in backticks hold code in `${}`.
        regexes: Whether the language has literals between slashes.
        started: Whether a text in backticks is a command that is started; it is read as `qx(TEXT)`.
    """
    found = Tokens()
    part = bounded(source)
    at = line = not_before = 0
    end = len(part)
    braces: list[bool] = []
    """For every open brace whether a template goes on after it."""
    match = language.match
    while at < end and len(found.kinds) < MAX_TOKENS:
        one = match(part, at)
        if one is None:
            at += 1
            continue
        kind, value = one.lastgroup, one[0]
        at = one.end()
        if kind == "line":
            line += 1
        elif kind == "skip":
            line += value.count("\n")
        elif kind == "word":
            found.add("w", value.lstrip(sigils) if sigils else value, line)
        elif kind == "text" and started and value[0] == "`":
            found.add("w", "qx", line)
            found.add("s", "(", line)
            found.add("t", _unquoted(value), line, varies=True)
            found.add("s", ")", line)
        elif kind == "text":
            body = _unquoted(value)
            found.add("t", body, line, varies=bool(inserts and value[:1] != "'" and inserts.search(body)))
            line += value.count("\n")
        elif kind == "dot":
            found.add("s", ".", line)
        elif value == ".":
            # Where a point puts texts together it is no member's.
            found.add("s", "+", line)
        elif value == "`" and templates:
            at, line = _template(part, at, line, found, braces)
        elif value == "/" and regexes and at > not_before and _regex_may_stand(found, sigils):
            literal = _REGEX.match(part, at - 1, min(end, at + _REGEX_REACH))
            if literal is None:
                # What has been looked at in vain is not looked at again.
                not_before = at + _REGEX_REACH
                found.add("s", value, line)
            else:
                found.add("t", literal[0], line)
                at = literal.end()
        elif value == "{":
            braces.append(False)
            found.add("s", value, line)
        elif value == "}" and braces and braces.pop():
            at, line = _template(part, at, line, found, braces)
        else:
            found.add("s", value, line)
    _pair(found)
    return found


def bounded(source: str) -> str:
    """Return a program, or of a very long one its beginning and its end, where bundles keep what they were made of."""
    if len(source) <= MAX_CHARACTERS:
        return source
    half = MAX_CHARACTERS // 2
    cut = source.find("\n", len(source) - half)
    return source[:half] + "\n" + source[cut if cut >= 0 else -half :]


def _unquoted(value: str) -> str:
    quote = value[:1]
    if quote in "\"'`":
        return value[1:-1] if len(value) > 1 and value.endswith(quote) else value[1:]
    return value


def _template(part: str, at: int, line: int, found: Tokens, braces: list[bool]) -> tuple[int, int]:
    """Read a template on from `at`: to its end, or to the code inside it."""
    piece = _TEMPLATE.match(part, at)
    end = piece.end() if piece else at
    opens = part.startswith("${", end)
    found.add("t", part[at:end], line, varies=opens)
    if opens:
        braces.append(True)
    return end + (2 if opens else 1), line + part.count("\n", at, end)


def _regex_may_stand(found: Tokens, sigils: str) -> bool:
    if not found.kinds:
        return True
    if found.kinds[-1] == "s":
        return found.values[-1][-1] in _BEFORE_REGEX
    if found.kinds[-1] != "w":
        return False
    return found.low[-1] in _WORDS_BEFORE_REGEX or bool(sigils and found.low[-1] in ("m", "qr", "s"))


def _pair(found: Tokens) -> None:
    """Note which bracket closes which; one that is never closed reaches to the end."""
    waiting: list[int] = []
    for at, kind in enumerate(found.kinds):
        if kind != "s":
            continue
        value = found.values[at]
        if value in _PAIRS:
            waiting.append(at)
        elif value in _CLOSING:
            # A stray closing bracket of another kind closes nothing: the innermost of its own kind is looked for.
            for back in range(len(waiting) - 1, max(-1, len(waiting) - 9), -1):
                if _PAIRS[found.values[waiting[back]]] == value:
                    found.close[waiting[back]] = at
                    del waiting[back:]
                    break
    for at in waiting:
        found.close[at] = len(found.kinds)
