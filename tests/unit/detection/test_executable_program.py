"""Which program runs: interpreters are looked through, renamed or versioned; names among arguments are not programs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.detection.identify.executable import Form, Language, base_name, program_of
from agent.model.events import CommandLine


def program(*argv: str, exe: str = "") -> tuple[Language | None, Form, str, str, tuple[str, ...]]:
    found = program_of(CommandLine(argv, exe, "/home/me"))
    return found.language, found.form, found.word, found.target, found.arguments


PY, JS = Language.PYTHON, Language.JAVASCRIPT


@pytest.mark.parametrize(
    ("argv", "exe", "expected"),
    [
        (("python3.11", "a.py", "-x"), "", (PY, Form.SCRIPT, "a", "a.py", ("-x",))),
        (("python", "-u", "-W", "ignore", "a.py"), "", (PY, Form.SCRIPT, "a", "a.py", ())),
        (("python", "-Wignore", "-X", "dev", "a.py"), "", (PY, Form.SCRIPT, "a", "a.py", ())),
        (("python", "-Im", "scrapy", "crawl"), "", (PY, Form.MODULE, "scrapy", "scrapy", ("crawl",))),
        (("python", "-mscrapy"), "", (PY, Form.MODULE, "scrapy", "scrapy", ())),
        (("python", "-uc", "print(1)", "a"), "", (PY, Form.CODE, "", "print(1)", ("a",))),
        (("python", "-"), "", (PY, Form.NOTHING, "", "", ())),
        (("python",), "", (PY, Form.NOTHING, "", "", ())),
        (("notes", "a.py"), "/usr/bin/python3.12", (PY, Form.SCRIPT, "a", "a.py", ())),
        (("/v/bin/python", "/v/scrapy", "a"), "/usr/bin/python3", (PY, Form.SCRIPT, "scrapy", "/v/scrapy", ("a",))),
        (("C:\\Python\\python.exe", "a.py"), "", (PY, Form.SCRIPT, "a", "a.py", ())),
        (("pypy3", "a.py"), "", (PY, Form.SCRIPT, "a", "a.py", ())),
        (("node", "--require", "x", "a.mjs"), "", (JS, Form.SCRIPT, "a", "a.mjs", ())),
        (("node", "-e", "fetch(1)"), "", (JS, Form.CODE, "", "fetch(1)", ())),
        (("node", "--eval=fetch(1)"), "", (JS, Form.CODE, "", "fetch(1)", ())),
        (("node", "/n/node_modules/.bin/tsx", "a.ts"), "", (JS, Form.SCRIPT, "a", "a.ts", ())),
        (("deno", "run", "-A", "a.ts"), "", (JS, Form.SCRIPT, "a", "a.ts", ())),
        (("deno", "fmt", "a.ts"), "", (None, Form.NATIVE, "deno", "", ("fmt", "a.ts"))),
        (("bun", "run", "a.ts"), "", (JS, Form.SCRIPT, "a", "a.ts", ())),
        (("bash", "-c", "scrapy crawl x"), "", (Language.SHELL, Form.CODE, "", "scrapy crawl x", ())),
        (("bash", "scrapy.sh"), "", (Language.SHELL, Form.SCRIPT, "scrapy", "scrapy.sh", ())),
        (("java", "-Xmx1g", "-jar", "/o/cc-1.2.jar"), "", (Language.JAVA, Form.SCRIPT, "cc", "/o/cc-1.2.jar", ())),
        (("wget", "-r"), "/usr/bin/wget", (None, Form.NATIVE, "wget", "", ("-r",))),
        (("wget", "-r"), "/bin/busybox", (None, Form.NATIVE, "wget", "", ("-r",))),
        (("vim", "scrapy.py"), "/usr/bin/vim", (None, Form.NATIVE, "vim", "", ("scrapy.py",))),
    ],
)  # fmt: skip
def test_what_runs_is_found(argv: tuple[str, ...], exe: str, expected: tuple[object, ...]) -> None:
    assert program(*argv, exe=exe) == expected


def test_nothing_at_all_is_not_an_error() -> None:
    assert program_of(CommandLine((), "", ""), "wget").word == "wget"
    assert program_of(CommandLine((), "", "")).word == ""


def test_a_program_does_not_show_its_command_line() -> None:
    found = program_of(CommandLine(("python", "secret.py", "--token=abc"), "", ""))
    assert "secret.py" not in repr(found)
    assert "abc" not in repr(found)


@given(
    st.lists(st.text(max_size=20), max_size=8),
    st.sampled_from(["python3", "node", "deno", "bash", "java", "perl", "x"]),
)
def test_any_command_line_is_taken_apart(rest: list[str], first: str) -> None:
    found = program_of(CommandLine((first, *rest), "", "/"))
    assert set(found.arguments) <= set(rest)


@given(st.text(max_size=40))
def test_a_base_name_has_no_folder(path: str) -> None:
    assert "/" not in base_name(path)
    assert "\\" not in base_name(path)
