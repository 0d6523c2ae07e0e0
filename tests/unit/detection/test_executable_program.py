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
SH, PL, RB, PHP, R = Language.SHELL, Language.PERL, Language.RUBY, Language.PHP, Language.R
PS, GO, LUA, JAVA = Language.POWERSHELL, Language.GO, Language.LUA, Language.JAVA


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


@pytest.mark.parametrize(
    ("argv", "exe", "expected"),
    [
        (("python3.11-intel64", "a.py"), "", (PY, Form.SCRIPT, "a", "a.py", ())),
        (("-bash",), "/usr/bin/bash", (SH, Form.NOTHING, "", "", ())),
        (("bash", "--rcfile", "x", "a.sh", "y"), "", (SH, Form.SCRIPT, "a", "a.sh", ("y",))),
        (("bash", "-o", "pipefail", "-ec", "date", "a"), "", (SH, Form.CODE, "", "date", ("a",))),
        (("bash", "-c", "-e", "date"), "", (SH, Form.CODE, "", "date", ())),
        (("node", "--import", "tsx", "a.ts"), "", (JS, Form.SCRIPT, "a", "a.ts", ())),
        (("tsx", "watch", "a.ts"), "/usr/bin/node", (JS, Form.SCRIPT, "a", "a.ts", ())),
        (("ts-node", "-P", "tsconfig.json", "a.ts"), "", (JS, Form.SCRIPT, "a", "a.ts", ())),
        (("node", "/n/ts-node/dist/bin.js", "a.ts"), "", (JS, Form.SCRIPT, "a", "a.ts", ())),
        (("deno", "eval", "--ext=ts", "fetch(1)"), "", (JS, Form.CODE, "", "fetch(1)", ())),
        (("electron", "app.js"), "", (JS, Form.SCRIPT, "app", "app.js", ())),
        (("electron", "/usr/lib/x/app.asar"), "", (None, Form.NATIVE, "electron", "", ("/usr/lib/x/app.asar",))),
        (("electron", "--type=renderer"), "", (None, Form.NATIVE, "electron", "", ("--type=renderer",))),
        (("perl", "-w", "a.pl", "1"), "", (PL, Form.SCRIPT, "a", "a.pl", ("1",))),
        (("perl", "-MLWP::Simple", "-ne", "get($_)"), "", (PL, Form.CODE, "", "use LWP::Simple;\nget($_)", ())),
        (("perl", "-I", "lib", "a.pl"), "", (PL, Form.SCRIPT, "a", "a.pl", ())),
        (("perl5.36", "-i.bak", "-pe", "s/a/b/", "f"), "", (PL, Form.CODE, "", "s/a/b/", ("f",))),
        (("ruby", "-rnokogiri", "-e", "puts 1"), "", (RB, Form.CODE, "", "require 'nokogiri'\nputs 1", ())),
        (("ruby3.1", "-r", "json", "a.rb"), "", (RB, Form.SCRIPT, "a", "a.rb", ())),
        (("ruby", "/usr/bin/bundle", "exec", "ruby", "a.rb"), "", (RB, Form.SCRIPT, "a", "a.rb", ())),
        (("ruby", "/usr/bin/bundle", "exec", "rails", "s"), "", (RB, Form.SCRIPT, "rails", "rails", ("s",))),
        (("php8.2", "-d", "a=1", "a.php"), "", (PHP, Form.SCRIPT, "a", "a.php", ())),
        (("php", "-r", "echo 1;"), "", (PHP, Form.CODE, "", "echo 1;", ())),
        (("php", "-S", "localhost:80", "router.php"), "", (PHP, Form.NOTHING, "", "", ())),
        (("Rscript", "--vanilla", "a.R", "x"), "", (R, Form.SCRIPT, "a", "a.R", ("x",))),
        (("Rscript", "-e", "1", "-e", "2"), "", (R, Form.CODE, "", "1\n2", ())),
        (("R", "--no-echo", "--file=a.R", "--args", "x"), "/usr/lib/R/bin/exec/R",
         (R, Form.SCRIPT, "a", "a.R", ("--args", "x"))),
        (("lua5.4", "-lsocket", "a.lua"), "", (LUA, Form.SCRIPT, "a", "a.lua", ())),
        (("pwsh", "-NoProfile", "-ep", "Bypass", "-f", "a.ps1", "1"), "", (PS, Form.SCRIPT, "a", "a.ps1", ("1",))),
        (("powershell.exe", "-c", "iwr", "x"), "", (PS, Form.CODE, "", "iwr x", ())),
        (("pwsh", "-enc", "aQB3AHIA"), "", (PS, Form.CODE, "", "iwr", ())),
        (("go", "run", "-race", "a.go"), "", (GO, Form.SCRIPT, "a", "a.go", ())),
        (("go", "run", "."), "", (GO, Form.SCRIPT, "main", "./main.go", ())),
        (("go", "run", "example.org/x/tool@latest", "-v"), "", (None, Form.NATIVE, "tool", "", ("-v",))),
        (("go", "build", "a.go"), "", (None, Form.NATIVE, "go", "", ("build", "a.go"))),
        (("java", "Crawl.java", "5"), "", (JAVA, Form.SCRIPT, "crawl", "Crawl.java", ("5",))),
        (("java", "-cp", "lib/jsoup.jar", "Crawl.java"), "", (JAVA, Form.SCRIPT, "crawl", "Crawl.java", ())),
        (("java", "-cp", "app.jar", "org.x.Main", "5"), "", (JAVA, Form.SCRIPT, "main", "app.jar", ("5",))),
        (("java", "-cp", "a.jar:b.jar", "org.x.Main"), "", (JAVA, Form.MODULE, "main", "org.x.Main", ())),
        (("dotnet", "exec", "/o/Crawl.dll", "5"), "", (None, Form.NATIVE, "crawl", "", ("5",))),
        (("dotnet", "build"), "", (None, Form.NATIVE, "dotnet", "", ("build",))),
    ],
)  # fmt: skip
def test_every_interpreter_has_its_own_options(argv: tuple[str, ...], exe: str, expected: tuple[object, ...]) -> None:
    assert program(*argv, exe=exe) == expected


@pytest.mark.parametrize(
    "front",
    [
        ("env",),
        ("env", "-i", "A=b", "-u", "X"),
        ("/usr/bin/env", "-S", "python3 -u"),
        ("nice", "-n", "19"),
        ("nice", "-19"),
        ("nohup",),
        ("ionice", "-c", "3"),
        ("stdbuf", "-oL"),
        ("setsid", "-f"),
        ("taskset", "0x1"),
        ("sh", "/usr/bin/torsocks", "-i"),
        ("proxychains4", "-q", "-f", "p.conf"),
        ("nohup", "nice", "env", "A=b"),
    ],
)
def test_what_becomes_another_program_is_looked_through(front: tuple[str, ...]) -> None:
    if front[-1] == "python3 -u":
        assert program(*front, "a.py", "x")[:3] == (PY, Form.SCRIPT, "a")
        return
    assert program(*front, "python3", "a.py", "x") == (PY, Form.SCRIPT, "a", "a.py", ("x",))
    assert program(*front, "gallery-dl", "-v")[2] == "gallery-dl"


@pytest.mark.parametrize(
    "front",
    [("timeout", "60"), ("sudo", "-u", "me"), ("xvfb-run", "-a"), ("time",), ("watch",), ("firejail",), ("strace",)],
)
def test_what_starts_another_program_and_waits_is_itself(front: tuple[str, ...]) -> None:
    assert program(*front, "gallery-dl", "x")[:3] == (None, Form.NATIVE, front[0])


def test_shims_and_exec_in_code_are_looked_through() -> None:
    shim = program("bash", "/home/me/.pyenv/shims/python", "a.py")
    assert shim == (PY, Form.SCRIPT, "a", "a.py", ())
    assert program("sh", "-c", "exec python3 a.py --x 1") == (PY, Form.SCRIPT, "a", "a.py", ("--x", "1"))
    assert program("sh", "-c", "exec python3 a.py && b")[0] is SH
    assert program("busybox", "wget", "-r", "x") == (None, Form.NATIVE, "wget", "", ("-r", "x"))
    assert program("busybox", "sh", "a.sh") == (SH, Form.SCRIPT, "a", "a.sh", ())
    assert program(*["env"] * 50, "python3", "a.py")[0] is None


def test_large_and_undecodable_command_lines_are_taken_apart() -> None:
    assert program("python3", "a.py", *["x" * 1000] * 2000)[2] == "a"
    assert program("python3", "b\udcff.py")[2] == "b\udcff"
    assert program("sh", "-c", "exec " + "x " * 1_000_000)[1] is Form.CODE
    assert program("", "x")[0] is None


def test_nothing_at_all_is_not_an_error() -> None:
    assert program_of(CommandLine((), "", ""), "wget").word == "wget"
    assert program_of(CommandLine((), "", "")).word == ""


def test_a_program_does_not_show_its_command_line() -> None:
    found = program_of(CommandLine(("python", "secret.py", "--token=abc"), "", ""))
    assert "secret.py" not in repr(found)
    assert "abc" not in repr(found)


FIRST = ["python3", "node", "deno", "bun", "tsx", "bash", "java", "perl", "ruby", "php", "lua", "Rscript", "pwsh", "go"]


@given(st.lists(st.text(max_size=20), max_size=8), st.sampled_from([*FIRST, "env", "nice", "busybox", "exec", "x"]))
def test_any_command_line_is_taken_apart(rest: list[str], first: str) -> None:
    found = program_of(CommandLine((first, *rest), "", "/"))
    assert all(any(argument in arg for arg in rest) for argument in found.arguments)


@given(st.text(max_size=40))
def test_a_base_name_has_no_folder(path: str) -> None:
    assert "/" not in base_name(path)
    assert "\\" not in base_name(path)
