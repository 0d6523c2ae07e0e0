"""The option grammar of each interpreter: where do its own options end, and what was it given to run?

One function a language, each from the interpreter's own manual. What an option takes as its value must not be taken for
the script, and code beside options (`-c`, `-e`, `-r`) is the program. `executable.py` chooses the function.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence

from agent.detection.identify.program import Form, Language, Program, base_name, word_of


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NODE_VALUE_OPTIONS = _words(
    "-r --require --import --loader --experimental-loader -C --conditions --env-file --env-file-if-exists --title"
    " --icu-data-dir --openssl-config --redirect-warnings --test-name-pattern --inspect-port --debug-port"
    " --experimental-config-file --watch-path --input-type --experimental-default-type --stack-trace-limit --tsconfig"
    " -P --project -O --compiler-options --cwd --preload --filter"
)
_NODE_CODE_OPTIONS = frozenset(["-e", "--eval", "-p", "--print", "-pe", "-ep"])
_DENO_COMMANDS = frozenset(["run", "serve"])
_DENO_VALUE_OPTIONS = frozenset(
    ["-c", "--config", "--import-map", "--lock", "--cert", "--location", "--env-file", "--seed", "--ext", "--port"]
)
_BUN_COMMANDS = frozenset(["run", "x"])
NODE_RUNNERS = frozenset(
    ["tsx", "ts-node", "ts-node-esm", "ts-node-script", "babel-node", "esno", "jiti", "swc-node", "vite-node", "esr"]
)
"""Programs that run the script that follows them inside their own process, or as a child of the same shape."""
_RUNNER_COMMANDS = frozenset(["watch", "run"])

_JAVA_VALUE_OPTIONS = _words(
    "-cp -classpath --class-path -p --module-path --add-modules --add-opens --add-exports"
    " --source --add-reads --upgrade-module-path --limit-modules --enable-native-access"
)
_JAR_VERSION = re.compile(r"(?:[-_.]v?\d[\w.]*)?\.jar$")


def python(base: str, first: str, rest: Sequence[str]) -> Program:
    """Python: short options in clusters, `-c` and `-m` end them (docs.python.org, using/cmdline)."""

    def made(form: Form, target: str, at: int, word: str = "") -> Program:
        return Program(base, Language.PYTHON, form, target, tuple(rest[at:]), first, word)

    i = 0
    while i < len(rest):
        arg = rest[i]
        if arg == "-" or not arg:
            return made(Form.NOTHING, "", i + 1)
        if not arg.startswith("-"):
            return made(Form.SCRIPT, arg, i + 1, word_of(arg))
        i += 1
        if arg == "--check-hash-based-pycs":
            i += 1
        if arg.startswith("--"):
            continue
        for j, letter in enumerate(arg[1:], start=1):
            if letter not in "cmWX":
                continue
            value = arg[j + 1 :]
            if not value and i < len(rest):
                value = rest[i]
                i += 1
            if letter == "c":
                return made(Form.CODE, value, i)
            if letter == "m":
                return made(Form.MODULE, value, i, value.lower())
            break
    return made(Form.NOTHING, "", i)


def javascript(base: str, first: str, rest: Sequence[str]) -> Program:
    """Node, deno, bun and the programs that run TypeScript inside node."""

    def made(form: Form, target: str, at: int, word: str = "") -> Program:
        return Program(base, Language.JAVASCRIPT, form, target, tuple(rest[at:]), first, word)

    i = 0
    values = _NODE_VALUE_OPTIONS
    if base.startswith("deno"):
        if rest[:1] and rest[0] == "eval":
            code = next((n for n, arg in enumerate(rest[1:], start=1) if not arg.startswith("-")), len(rest))
            return made(Form.CODE, rest[code] if code < len(rest) else "", code + 1)
        if rest[:1] and rest[0] in _DENO_COMMANDS:
            i = 1
        elif not rest[:1] or not _is_script(rest[0]):
            return Program(base, None, Form.NATIVE, "", tuple(rest), first, "deno")
        values = _DENO_VALUE_OPTIONS
    elif (base.startswith("bun") and rest[:1] and rest[0] in _BUN_COMMANDS) or (
        base in NODE_RUNNERS and rest[:1] and rest[0] in _RUNNER_COMMANDS
    ):
        i = 1
    elif base == "electron" and any(arg.startswith("--type=") or arg.endswith(".asar") for arg in rest):
        # A packaged application, or one of its helper processes: a program of its own, not a script.
        return Program(base, None, Form.NATIVE, "", tuple(rest), first, "electron")
    while i < len(rest):
        arg = rest[i]
        if arg == "-" or not arg:
            return made(Form.NOTHING, "", i + 1)
        if not arg.startswith("-"):
            word = word_of(arg)
            if word in NODE_RUNNERS or (word in ("cli", "bin") and any(f"/{one}/" in arg for one in NODE_RUNNERS)):
                return javascript("tsx", first, rest[i + 1 :])
            return made(Form.SCRIPT, arg, i + 1, word)
        i += 1
        if arg in _NODE_CODE_OPTIONS and not base.startswith("deno"):
            return made(Form.CODE, rest[i] if i < len(rest) else "", i + 1)
        if arg.startswith(("--eval=", "--print=")):
            return made(Form.CODE, arg.split("=", 1)[1], i)
        if arg in values:
            i += 1
    return made(Form.NOTHING, "", i)


def _is_script(arg: str) -> bool:
    return arg.endswith((".js", ".mjs", ".cjs", ".ts", ".mts", ".jsx", ".tsx")) or arg.startswith(("./", "/", "https:"))


def shell(base: str, first: str, rest: Sequence[str]) -> Program:
    """Shells: `-c` in any cluster of letters takes the code; `-o`, `+O`, `--rcfile` take a value."""
    i = 0
    while i < len(rest):
        arg = rest[i]
        i += 1
        if arg in ("--rcfile", "--init-file", "-o", "+o", "-O", "+O"):
            i += 1
        elif (arg.startswith("-") and not arg.startswith("--") and "c" in arg) or arg == "--command":
            # Options may still follow before the code: `bash -c -e CODE`.
            while i < len(rest) and rest[i].startswith(("-", "+")) and len(rest[i]) > 1:
                i += 2 if rest[i] in ("-o", "+o", "-O") else 1
            code = rest[i] if i < len(rest) else ""
            return Program(base, Language.SHELL, Form.CODE, code, tuple(rest[i + 1 :]), first)
        elif arg == "-s" or not arg:
            break
        elif not arg.startswith(("-", "+")):
            return Program(base, Language.SHELL, Form.SCRIPT, arg, tuple(rest[i:]), first, word_of(arg))
    return Program(base, Language.SHELL, Form.NOTHING, "", (), first)


def java(base: str, first: str, rest: Sequence[str]) -> Program:
    """Java: `-jar FILE`, a single source file (JEP 330), or a class with a class path."""
    i = 0
    path = ""
    while i < len(rest):
        arg = rest[i]
        if arg == "-jar" and i + 1 < len(rest):
            word = _JAR_VERSION.sub("", base_name(rest[i + 1]))
            return Program(base, Language.JAVA, Form.SCRIPT, rest[i + 1], tuple(rest[i + 2 :]), first, word)
        if arg in ("-m", "--module") and i + 1 < len(rest):
            word = rest[i + 1].split("/", maxsplit=1)[0].rsplit(".", 1)[-1].lower()
            return Program(base, Language.JAVA, Form.MODULE, rest[i + 1], tuple(rest[i + 2 :]), first, word)
        if not arg.startswith(("-", "@")):
            if arg.endswith(".java"):
                return Program(base, Language.JAVA, Form.SCRIPT, arg, tuple(rest[i + 1 :]), first, word_of(arg))
            word = arg.rsplit(".", 1)[-1].lower()
            own = _own_jar(path)
            form, target = (Form.SCRIPT, own) if own else (Form.MODULE, arg)
            return Program(base, Language.JAVA, form, target, tuple(rest[i + 1 :]), first, word)
        if arg in ("-cp", "-classpath", "--class-path") and i + 1 < len(rest):
            path = rest[i + 1]
        elif arg.startswith("--class-path="):
            path = arg.split("=", 1)[1]
        i += 2 if arg in _JAVA_VALUE_OPTIONS else 1
    return Program(base, Language.JAVA, Form.NOTHING, "", (), first)


def _own_jar(class_path: str) -> str:
    """Return the one jar of a class path that is not out of a library folder: the program itself, most likely."""
    separator = ";" if ";" in class_path else ":"
    jars = [part for part in class_path.split(separator)[:200] if part.endswith(".jar")]
    return jars[0] if len(jars) == 1 else ""


def perl(base: str, first: str, rest: Sequence[str]) -> Program:
    """Perl (perlrun): clusters of letters, `-e`/`-E` take code, `-M`/`-m` ask for a module."""
    return _clusters(Language.PERL, base, first, rest, code="eE", value="I", joined="iFlD0CxVd", module="mM")


def ruby(base: str, first: str, rest: Sequence[str]) -> Program:
    """Ruby: as Perl's; `-r` asks for a library. `bundle exec` runs what follows in the same process."""
    found = _clusters(Language.RUBY, base, first, rest, code="e", value="ICE", joined="iFTWKx0", module="r")
    if found.form is Form.SCRIPT and found.word == "bundle" and found.arguments[:1] == ("exec",):
        return _bundled(base, first, found.arguments[1:])
    return found


def _bundled(base: str, first: str, rest: Sequence[str]) -> Program:
    words = [arg for arg in rest if not arg.startswith("-")]
    if words and base_name(words[0]).startswith("ruby"):
        return ruby(base, first, rest[rest.index(words[0]) + 1 :])
    if not words:
        return Program(base, Language.RUBY, Form.NOTHING, "", (), first)
    at = rest.index(words[0])
    return Program(base, Language.RUBY, Form.SCRIPT, words[0], tuple(rest[at + 1 :]), first, word_of(words[0]))


def lua(base: str, first: str, rest: Sequence[str]) -> Program:
    """Lua: `-e` takes code, `-l` asks for a library."""
    return _clusters(Language.LUA, base, first, rest, code="e", value="", joined="Ojb", module="l")


_MODULE_LINE = {Language.PERL: "use {};\n", Language.RUBY: "require '{}'\n", Language.LUA: "require('{}')\n"}


def _clusters(
    language: Language,
    base: str,
    first: str,
    rest: Sequence[str],
    *,
    code: str,
    value: str,
    joined: str,
    module: str,
) -> Program:
    """Walk options of one letter. `value`: takes the rest of the word or the next; `joined`: the rest of the word."""
    modules: list[str] = []
    pieces: list[str] = []
    i = 0
    while i < len(rest):
        arg = rest[i]
        if arg == "-" or not arg:
            break
        if not arg.startswith("-") or arg == "--":
            if arg == "--":
                i += 1
            break
        i += 1
        if arg.startswith("--"):
            continue
        for j, letter in enumerate(arg[1:], start=1):
            if letter in joined:
                break
            if letter not in code + value + module:
                continue
            given = arg[j + 1 :]
            if not given and i < len(rest):
                given = rest[i]
                i += 1
            if letter in module:
                modules.append(re.split(r"[=\s]", given.lstrip("-"), maxsplit=1)[0])
            elif letter in code:
                pieces.append(given)
            break
    if pieces:
        asked = "".join(_MODULE_LINE[language].format(name) for name in modules if re.fullmatch(r"[\w:/.-]+", name))
        return Program(base, language, Form.CODE, asked + "\n".join(pieces), tuple(rest[i:]), first)
    if i < len(rest) and rest[i] not in ("", "-"):
        return Program(base, language, Form.SCRIPT, rest[i], tuple(rest[i + 1 :]), first, word_of(rest[i]))
    return Program(base, language, Form.NOTHING, "", tuple(rest[i + 1 :]), first)


def php(base: str, first: str, rest: Sequence[str]) -> Program:
    """PHP's command line: `-r` code, `-f` file, `-S` a server of one's own, `-d` and `-c` take a value."""
    i = 0
    while i < len(rest):
        arg = rest[i]
        i += 1
        if arg in ("-r", "--run") and i < len(rest):
            return Program(base, Language.PHP, Form.CODE, rest[i], tuple(rest[i + 1 :]), first)
        if arg.startswith(("-S", "--server")):
            break
        if arg in ("-f", "--file") and i < len(rest):
            arg = rest[i]
            i += 1
        elif arg in ("-d", "--define", "-c", "--php-ini", "-z", "--zend-extension", "-t", "-B", "-R", "-F", "-E"):
            i += 1
            continue
        elif arg.startswith("-") or not arg:
            continue
        return Program(base, Language.PHP, Form.SCRIPT, arg, tuple(rest[i:]), first, word_of(arg))
    return Program(base, Language.PHP, Form.NOTHING, "", (), first)


def r(base: str, first: str, rest: Sequence[str]) -> Program:
    """R and Rscript: Rscript becomes `R --no-echo --no-restore --file=SCRIPT --args …`."""
    pieces: list[str] = []
    i = 0
    while i < len(rest):
        arg = rest[i]
        i += 1
        if arg == "-e" and i < len(rest):
            # Rscript hands blanks over as `~+~`.
            pieces.append(rest[i].replace("~+~", " "))
            i += 1
            continue
        if arg == "--args":
            i -= 1
            break
        if arg in ("-f", "CMD") and i < len(rest):
            if arg == "CMD":
                continue
            target = rest[i]
            i += 1
        elif arg.startswith("--file="):
            target = arg.split("=", 1)[1]
        elif arg.startswith("-") or arg in ("BATCH", ""):
            continue
        elif pieces:
            i -= 1
            break
        else:
            target = arg
        return Program(base, Language.R, Form.SCRIPT, target, tuple(rest[i:]), first, word_of(target))
    form = Form.CODE if pieces else Form.NOTHING
    return Program(base, Language.R, form, "\n".join(pieces), tuple(rest[i:]), first)


_PWSH_VALUES = ("executionpolicy", "ep", "ex", "windowstyle", "w", "outputformat", "o", "inputformat", "settingsfile")
_PWSH_VALUES_MORE = ("version", "v", "workingdirectory", "wd", "configurationname", "psconsolefile", "custompipename")


def powershell(base: str, first: str, rest: Sequence[str]) -> Program:
    """PowerShell: options by any beginning of their names, in any case; a first plain word is a file, or code."""
    i = 0
    while i < len(rest):
        arg = rest[i]
        i += 1
        option = arg.lstrip("-/").lower() if arg.startswith(("-", "/")) and len(arg) > 1 else ""
        if arg.startswith("/") and ("/" in arg[1:] or "." in arg):
            option = ""
        if not option:
            if arg.lower().endswith(".ps1") or base.startswith("pwsh"):
                return Program(base, Language.POWERSHELL, Form.SCRIPT, arg, tuple(rest[i:]), first, word_of(arg))
            return Program(base, Language.POWERSHELL, Form.CODE, " ".join(rest[i - 1 :])[:_MAX_JOINED], (), first)
        if "file".startswith(option) and i < len(rest):
            target = rest[i]
            return Program(base, Language.POWERSHELL, Form.SCRIPT, target, tuple(rest[i + 1 :]), first, word_of(target))
        if "command".startswith(option):
            return Program(base, Language.POWERSHELL, Form.CODE, " ".join(rest[i:])[:_MAX_JOINED], (), first)
        if ("encodedcommand".startswith(option) or option == "ec") and i < len(rest):
            return Program(base, Language.POWERSHELL, Form.CODE, _decoded(rest[i]), tuple(rest[i + 1 :]), first)
        if option in _PWSH_VALUES or option in _PWSH_VALUES_MORE:
            i += 1
    return Program(base, Language.POWERSHELL, Form.NOTHING, "", (), first)


_MAX_JOINED = 512 * 1024


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text[:_MAX_JOINED], validate=True).decode("utf-16-le", "replace")
    except (binascii.Error, ValueError):
        return ""


def go(base: str, first: str, rest: Sequence[str]) -> Program:
    """`go run FILE` and `go run FOLDER`: the source is at hand only here, the built program is a nameless child."""
    native = Program(base, None, Form.NATIVE, "", tuple(rest), first, "go")
    if rest[:1] != ["run"] and tuple(rest[:1]) != ("run",):
        return native
    i = 1
    while i < len(rest) and rest[i].startswith("-"):
        takes_value = rest[i].lstrip("-") in ("exec", "tags", "ldflags", "gcflags", "mod", "C", "p", "o", "modfile")
        i += 2 if takes_value else 1
    if i >= len(rest):
        return native
    target, after = rest[i], tuple(rest[i + 1 :])
    if target.endswith(".go"):
        return Program(base, Language.GO, Form.SCRIPT, target, after, first, word_of(target))
    if target in (".", "..") or target.startswith(("./", "../", "/")):
        # The command of a folder stands in `main.go` by custom.
        target = target.rstrip("/") + "/main.go"
        return Program(base, Language.GO, Form.SCRIPT, target, after, first, "main")
    word = base_name(target.split("@", maxsplit=1)[0])
    return Program(base, None, Form.NATIVE, "", after, first, word)


INTERPRETERS: dict[Language, Callable[[str, str, Sequence[str]], Program]] = {
    Language.PYTHON: python,
    Language.JAVASCRIPT: javascript,
    Language.SHELL: shell,
    Language.JAVA: java,
    Language.PERL: perl,
    Language.RUBY: ruby,
    Language.PHP: php,
    Language.LUA: lua,
    Language.R: r,
    Language.POWERSHELL: powershell,
    Language.GO: go,
}
