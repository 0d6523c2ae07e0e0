"""Compiled programs: their loops cannot be seen, which is no reason to call ordinary ones packed or encrypted."""

from __future__ import annotations

import io
import py_compile
import zipfile
from pathlib import Path

import pytest

from agent.content.catalogue import Catalogue
from agent.detection.identified import Identified
from agent.detection.identify.folders import Distributions
from agent.detection.identify.helper import CodeReader
from agent.detection.identify.identifier import Identifier
from agent.detection.identify.imports import judge
from agent.detection.identify.parse.facts import CodeFacts
from agent.detection.identify.parse.languages import READERS
from agent.detection.scoring import level
from agent.model.findings import Level


def class_file(*texts: str) -> bytes:
    pool = b"".join(b"\x01" + len(text).to_bytes(2, "big") + text.encode() for text in texts)
    return b"\xca\xfe\xba\xbe\0\0\0\x37" + (len(texts) + 1).to_bytes(2, "big") + pool


def jar(manifest: str, classes: dict[str, bytes]) -> CodeFacts:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("META-INF/MANIFEST.MF", manifest)
        for name, data in classes.items():
            made.writestr(name, data)
    return READERS["java"].read(out.getvalue(), lambda name: None)


def judged(facts: CodeFacts, language: str, catalogue: Catalogue) -> Identified | None:
    return judge(facts, language, catalogue, Distributions(), ())


MAIN = "Main-Class: org.tidy.app.Main\n"
SORTS = class_file("java/util/ArrayList", "sort", "java/io/File", "http://www.w3.org/2001/XMLSchema", "the report")
GETS = class_file("java/net/http/HttpClient", "send", "java/util/ArrayList")
OWN_PROTOCOL = class_file("java/net/Socket", "getOutputStream")

ORDINARY = {
    "one class": (MAIN, {"org/tidy/app/Main.class": SORTS}),
    "many classes": (MAIN, {f"org/tidy/app/{name}.class": SORTS for name in ("Main", *(f"C{i}" for i in range(500)))}),
    "a library packed along": (MAIN, {"org/tidy/app/Main.class": SORTS, "com/google/gson/Gson.class": GETS}),
    "no main class": ("Built-By: x\n", {"org/tidy/app/Main.class": SORTS}),
}
ASKING = {
    "its main class": (MAIN, {"org/tidy/app/Main.class": GETS}),
    "a class among many": (
        MAIN,
        {"org/tidy/app/Main.class": SORTS, **{f"org/tidy/app/C{i}.class": SORTS for i in range(40)}}
        | {"org/tidy/app/with/LongName.class": GETS},
    ),
    "a folder beside": (MAIN, {"org/tidy/app/Main.class": SORTS, "org/tidy/web/Walk.class": GETS}),
    "no package": ("Main-Class: Main\n", {"Main.class": SORTS, "Walk.class": OWN_PROTOCOL}),
    "no main class": ("Built-By: x\n", {"org/tidy/app/Walk.class": GETS}),
    "a client packed along": (MAIN, {"org/tidy/app/Main.class": SORTS, "okhttp3/OkHttpClient.class": b""}),
    "a client beside it": (MAIN + "Class-Path: httpclient-4.5.jar\n", {"org/tidy/app/Main.class": SORTS}),
}


@pytest.mark.parametrize(("manifest", "classes"), ORDINARY.values(), ids=ORDINARY)
def test_a_jar_that_asks_nothing_of_the_web_is_not_mentioned(
    manifest: str, classes: dict[str, bytes], catalogue: Catalogue
) -> None:
    assert judged(jar(manifest, classes), "java", catalogue) is None


@pytest.mark.parametrize(("manifest", "classes"), ASKING.values(), ids=ASKING)
def test_a_jar_that_may_ask_the_web_is_hidden_and_worth_a_look_at_what_it_does(
    manifest: str, classes: dict[str, bytes], catalogue: Catalogue
) -> None:
    found = judged(jar(manifest, classes), "java", catalogue)
    assert found is not None
    assert found.capability == "unread"
    assert level(found.evidence) is Level.HIDDEN
    assert [piece.rule for piece in found.evidence] == ["unread.compiled"]
    assert "T1027" not in found.techniques, "a compiler hides nothing"


def test_a_jar_that_makes_classes_while_it_runs_is_called_packed(catalogue: Catalogue) -> None:
    loads = class_file("java/lang/ClassLoader", "defineClass", "javax/crypto/Cipher")
    found = judged(jar(MAIN, {"org/tidy/app/Main.class": loads}), "java", catalogue)
    assert found is not None
    assert [piece.rule for piece in found.evidence] == ["unread.packed"]


def test_compiled_python_is_said_to_be_compiled(tmp_path: Path, catalogue: Catalogue) -> None:
    made = compiled(tmp_path, "import json, sys\nprint(json.load(sys.stdin)['total'])\n")
    found = judged(READERS["python"].read(made.read_bytes(), lambda name: None), "python", catalogue)
    assert found is not None
    assert [piece.rule for piece in found.evidence] == ["unread.compiled"]
    assert level(found.evidence) is Level.HIDDEN


def test_code_that_is_unpacked_while_it_runs_is_still_called_packed(catalogue: Catalogue) -> None:
    source = b"import base64, sys\nexec(base64.b64decode(open(sys.argv[1]).read()))\n"
    found = judged(READERS["python"].read(source, lambda name: None), "python", catalogue)
    assert found is not None
    assert [piece.rule for piece in found.evidence] == ["unread.packed"]
    assert "T1027" in found.techniques


def compiled(folder: Path, source: str) -> Path:
    (folder / "job.py").write_text(source)
    made = folder / "job.pyc"
    py_compile.compile(str(folder / "job.py"), str(made), doraise=True)
    return made


OWN_NAMES = "import requests\nimport instaloader.structures\n" + "".join(f"a_name{i} = {i}\n" for i in range(300))
OWN_NAMES += "who = 'anna.smith'\npassword = 'hunter2pw'\nanna = requests.get\nrows = instaloader.structures.Profile\n"


async def test_only_names_of_known_libraries_leave_the_helper(
    reader: CodeReader, catalogue: Catalogue, tmp_path: Path
) -> None:
    reader.knows(name for tool in catalogue.tools for name in tool.imports)
    facts = await reader.read_file(str(compiled(tmp_path, OWN_NAMES)), "python")
    assert facts is not None
    assert facts.imports == ("instaloader", "requests")


async def test_without_a_catalogue_the_helper_says_what_it_knows_itself(reader: CodeReader, tmp_path: Path) -> None:
    facts = await reader.read_file(str(compiled(tmp_path, OWN_NAMES)), "python")
    assert facts is not None
    assert facts.imports == ("requests",)


async def test_a_known_collector_in_compiled_code_is_known_by_the_identifier(
    reader: CodeReader, catalogue: Catalogue, tmp_path: Path
) -> None:
    Identifier(catalogue, reader)
    facts = await reader.read_file(str(compiled(tmp_path, OWN_NAMES)), "python")
    assert facts is not None
    found = judged(facts, "python", catalogue)
    assert found is not None and found.tool == "instaloader"


async def test_a_zip_application_that_begins_with_compiled_code_is_told_the_same(
    reader: CodeReader, catalogue: Catalogue, tmp_path: Path
) -> None:
    reader.knows(name for tool in catalogue.tools for name in tool.imports)
    with zipfile.ZipFile(tmp_path / "job.pyz", "w") as made:
        made.write(compiled(tmp_path, OWN_NAMES), "__main__.pyc")
    facts = await reader.read_file(str(tmp_path / "job.pyz"), "python")
    assert facts is not None
    assert facts.imports == ("instaloader", "requests")
