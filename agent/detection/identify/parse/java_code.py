"""Reads Java: a single source file, or of a jar the names of its classes and the words of its main class.

`java File.java` runs source (JEP 330) and is read as any other. Of a jar (a zip) only its directory is listed: the
folders of its classes name the libraries that were packed into it. The class that its manifest names as the main one is
opened, and those of the same folder, a few of them: a class file keeps the names and texts of its program in its
constant pool (JVM specification, chapter 4.4). More of the program's own classes are only searched for what asks the
web. Loops are not to be seen in either: a jar that may ask is `compiled`, and most programs in jars ask nothing.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace

from agent.detection.identify.parse import vocabulary as words
from agent.detection.identify.parse.facts import MAX_IMPORTS, CodeFacts
from agent.detection.identify.parse.small_languages import JAVA, reader
from agent.detection.identify.parse.zipapp import BROKEN

MAX_ENTRIES = 20_000
MAX_CLASSES = 12
MAX_CLASS_BYTES = 512 * 1024
MAX_SEARCHED_BYTES = 4 * 1024 * 1024
"""Of the program's own classes, unpacked; searching them takes a small part of a request's time."""
MAX_POOL = 20_000
_MAIN = re.compile(rb"^Main-Class:\s*([\w.$]+)", re.MULTILINE)
_CLASS_PATH = re.compile(rb"^Class-Path:\s*((?:[^\r\n]|\r?\n )*+)", re.MULTILINE)
_JAR_NAME = re.compile(r"([A-Za-z][\w.]*?(?:-[A-Za-z]\w*)*)-\d[\w.+-]*\.jar$")
_ASKS = re.compile(
    rb"[Hh]ttp(?!s?://(?:www\.w3\.org|(?:xml|schemas?|java|ns)\b))|HTTP|java/net/(?:URL(?!Class|Encod|Decod)|Socket)"
    rb"|SocketChannel|[Ss]elenium|[Pp]laywright"
)
"""What stands in a class that asks the web itself, whichever library it asks through; names of schemas ask nothing."""
_MADE = re.compile(rb"defineClass|defineHiddenClass")
"""What makes classes out of bytes while the program runs."""

_source = reader("java")


def read(source: bytes, beside: Callable[[str], bytes | None] = lambda name: None) -> CodeFacts:
    """Say what shape a Java program has.

    Args:
        source: A source file, or a jar.
        beside: Not asked: Java's own modules are other files of the jar.

    Raises:
        ValueError: It begins as a jar does and cannot be read as one.
    """
    if not source.startswith(b"PK\x03\x04"):
        return _source(source, beside)
    try:
        with zipfile.ZipFile(io.BytesIO(source)) as jar:
            return _jar(jar)
    except BROKEN:
        raise ValueError("not a jar") from None


def _jar(jar: zipfile.ZipFile) -> CodeFacts:
    names = jar.namelist()[:MAX_ENTRIES]
    imports = set(_packed(names))
    manifest = _bytes(jar, "META-INF/MANIFEST.MF") if "META-INF/MANIFEST.MF" in names else b""
    beside = _CLASS_PATH.search(manifest)
    if beside:
        for part in beside[1].decode("utf-8", "replace").replace("\n ", "").replace("\r", "").split()[:200]:
            if match := _name_in(part):
                imports.add(match[1].lower())
    main = _MAIN.search(manifest)
    facts = CodeFacts()
    path = main[1].decode("ascii", "replace").replace(".", "/") if main else ""
    if main:
        folder = path.rsplit("/", 1)[0] + "/" if "/" in path else ""
        own = [name for name in names if name.endswith(".class") and name.startswith(folder or path)]
        own.sort(key=lambda name: (not name.startswith(path), len(name)))
        facts = _words([text for name in own[:MAX_CLASSES] for text in _pool(_bytes(jar, name))])
    imports |= set(facts.imports)
    asks, makes = _searched(jar, _own(names, path))
    # Of these a program may have the name and ask nothing by it.
    clients = (JAVA.http | JAVA.drivers) - {"java.net", "org.springframework"}
    asks = asks or any(name in clients or "http" in name for name in imports)
    return replace(facts, imports=tuple(sorted(imports)[:MAX_IMPORTS]), opaque=makes, compiled=asks or facts.requests)


def _own(names: list[str], main: str) -> list[str]:
    """Return the classes of the program itself, nearest first: those that share two folders with its main class."""
    classes = [name for name in names if name.endswith(".class")]
    if main:
        folders = main.split("/")[:-1][:2]
        start = "/".join([*folders, ""]) if folders else ""
        classes = [name for name in classes if (name.startswith(start) if start else "/" not in name)]
    return sorted(classes, key=lambda name: (not name.startswith(main), len(name), name))


def _searched(jar: zipfile.ZipFile, classes: list[str]) -> tuple[bool, bool]:
    """Return whether classes ask the web, and whether they are packed so that others make them while they run."""
    asks = makes = False
    left = MAX_SEARCHED_BYTES
    for name in classes:
        try:
            data = _bytes(jar, name)
        except BROKEN:
            # Java passes over marks at which other readers of archives stop.
            makes = True
            continue
        left -= len(data)
        asks = asks or _ASKS.search(data) is not None
        makes = makes or _MADE.search(data) is not None
        if left <= 0 or (asks and makes):
            break
    return asks, makes


def _packed(names: list[str]) -> Iterator[str]:
    """Yield the known libraries whose classes lie in a jar, and jars that lie in it (Spring's `BOOT-INF/lib`)."""
    folders = {
        name.rsplit("/", 1)[0].replace("/", ".").removeprefix("BOOT-INF.classes.") for name in names if "/" in name
    }
    for folder in folders:
        package = _library(folder)
        if package:
            yield package
    for name in names:
        if name.endswith(".jar") and (match := _name_in(name)):
            yield match[1].lower()


def _library(dotted: str) -> str:
    name = dotted.lower()
    while name:
        if name in JAVA.names:
            return JAVA.names[name]
        name = name.rpartition(".")[0]
    return ""


def _bytes(jar: zipfile.ZipFile, name: str) -> bytes:
    """Return one file of a jar, of bounded size however it was packed."""
    with jar.open(name) as file:
        return file.read(MAX_CLASS_BYTES)


def _pool(data: bytes) -> Iterator[str]:
    """Yield the texts and names of a class file's constant pool."""
    if data[:4] != b"\xca\xfe\xba\xbe" or len(data) < 10:
        return
    (count,) = struct.unpack_from(">H", data, 8)
    at = 10
    left = min(count - 1, MAX_POOL)
    while left > 0 and at < len(data):
        tag = data[at]
        if tag == 1:
            (length,) = struct.unpack_from(">H", data, at + 1)
            yield data[at + 3 : at + 3 + length].decode("utf-8", "replace")
            at += 3 + length
        else:
            size = _SIZES.get(tag)
            if size is None:
                return
            at += size
            # Long and double take two places.
            left -= tag in (5, 6)
        left -= 1


_SIZES = {3: 5, 4: 5, 5: 9, 6: 9, 7: 3, 8: 3, 9: 5, 10: 5, 11: 5, 12: 5, 15: 4, 16: 3, 17: 5, 18: 5, 19: 3, 20: 3}


def _words(texts: list[str]) -> CodeFacts:
    """Say what names and texts alone can tell."""
    imports = {package for text in texts if "/" in text and len(text) < 200 for package in [_class_of(text)] if package}
    low = {text.lower() for text in texts if len(text) < 80}
    http = any(name in JAVA.http for name in imports)
    driver = any(name in JAVA.drivers for name in imports)
    hosts = [host for text in texts for host in words.hosts(text)]
    asks = (http or driver) and bool(low & (JAVA.verbs | JAVA.drives))
    return CodeFacts(
        imports=tuple(sorted(imports)),
        requests=asks,
        parses=bool(low & JAVA.parses) and (http or driver),
        writes=bool(low & JAVA.writes),
        people=any(words.about_people(text) for text in texts if len(text) < 400 and "/" not in text[:1]),
        own_host=words.all_own(hosts),
        platforms=tuple(sorted(set().union(*(words.platforms(text) for text in texts)))) if texts else (),
        token=any(words.has_token(text) for text in texts if len(text) < 60),
        api=bool(low & JAVA.reads_json),
        tests=bool({name for name in imports if name in JAVA.testers}),
        serves=bool({name for name in imports if name in JAVA.servers}),
        hides=any(words.HIDES.search(text) for text in texts if len(text) < 600),
    )


def _class_of(text: str) -> str:
    return _library(text.strip("L;").replace("/", "."))


def _name_in(path: str) -> re.Match[str] | None:
    """Read the name in a jar's path; file systems hold none longer than 255, a made-up path may."""
    return _JAR_NAME.search(path.rsplit("/", 1)[-1][-255:])
