"""Where a shell script's pages go: to a file, which keeps them, or on through a pipe, which keeps nothing."""

from __future__ import annotations

import pytest

from agent.detection.identify.parse.languages import READERS

PASSED_ON = {
    "wget, joined": 'wget -qO- "$u"',
    "wget, apart": 'wget -qO - "$u"',
    "wget, three words": 'wget -q -O - "$u"',
    "wget, long, joined": 'wget --output-document=- "$u"',
    "wget, long, apart": 'wget --output-document - "$u"',
    "wget, thrown away": 'wget -qO/dev/null "$u"',
    "wget, with a log": 'wget -o log.txt -O - "$u"',
    "wget2": 'wget2 -qO- "$u"',
    "curl, on its output": 'curl -so - "$u"',
    "curl, thrown away": 'curl -o/dev/null "$u"',
    "errors with it, before a parenthesis": 'x=$(curl -s "$u" 2>&1)',
    "errors with it, before a backtick": 'x=`curl -s "$u" 2>&1`',
    "errors with it, before a pipe": 'curl -s "$u" 2>&1|wc -l',
    "errors with it, before another command": 'curl -s "$u" 2>&1&& echo done',
    "errors with it, in the background": 'curl -s "$u" 2>&1 &',
}
KEPT = {
    "wget, under its own name": 'wget -q "$u"',
    "wget, under a name": 'wget -qO "$n.html" "$u"',
    "wget, under a name, joined": 'wget -qOpage.html "$u"',
    "wget, in a folder": 'wget -qP pages "$u"',
    "wget, long": 'wget --output-document="$n.html" "$u"',
    "curl, under its own name": 'curl -sSLO "$u"',
    "curl, under a name": 'curl -so "$n.html" "$u"',
    "curl, both outputs": 'curl -s "$u" &> "$n.html"',
    "curl, output and errors": 'curl -s "$u" > page.html 2>&1',
}


def loop(command: str) -> bytes:
    return f'for n in $(seq 1 100); do u="https://site.example/?page=$n"; {command}; done'.encode()


@pytest.mark.parametrize("command", PASSED_ON.values(), ids=PASSED_ON)
def test_what_goes_on_through_a_pipe_is_not_kept(command: str) -> None:
    facts = READERS["shell"].read(loop(command), lambda name: None)
    assert facts.in_loop
    assert (facts.downloads, facts.writes) == (False, False)


@pytest.mark.parametrize("command", KEPT.values(), ids=KEPT)
def test_what_goes_into_a_file_is_kept(command: str) -> None:
    facts = READERS["shell"].read(loop(command), lambda name: None)
    assert facts.in_loop
    assert (facts.downloads, facts.writes) == (True, True)
