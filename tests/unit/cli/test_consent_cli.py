"""`gleanwatch consent` and `findings answer`: single acts, what is shown, what is taken away as files, what is erased.

Every command runs against a real control socket; behind it an agent on paper keeps the acts with the real fold, notice
and log. What needs a person is typed at a desk, and once for each command at a real terminal.
"""

from __future__ import annotations

import base64
import json
import stat
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.cli import consent_act as acts
from agent.cli import consent_words as words
from agent.cli.asking import Failure
from agent.cli.consent import consent
from agent.cli.consent_erase import erase
from agent.cli.consent_files import export_to, write_parts, write_receipts
from agent.cli.consent_qr import print_qr
from agent.cli.findings import findings
from agent.consent.gate import GateReason
from agent.consent.qr import from_qr, to_text
from agent.model.consent import Erasable, ErasurePreview, Ground, PurposeView
from agent.model.purposes import ActKind, Channel, Gate, GateState, Mode, Purpose, StartRule
from tests.support.places import short_folder
from tests.unit.cli.conftest import ScriptedDesk
from tests.unit.cli.paper_agent import DAY_MS, PaperAgent
from tests.unit.cli.typist import at_terminal

ONE = Purpose.LONGER_HISTORY
NEEDS_A_PERSON = (
    ("allow", "longer"),
    ("refuse", "longer"),
    ("withdraw", "longer"),
    ("object",),
    ("dispute", "0"),
    ("erase", "--what", "all", "--ground", "unlawful"),
)


def run(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(consent, list(arguments), input=typed)


def document(*arguments: str) -> Any:
    done = run(*arguments, "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    return json.loads(done.stdout)


def done_by_person(agent: PaperAgent) -> list[tuple[ActKind, Purpose]]:
    return [(act.kind, act.purpose) for act in agent.acts if act.kind is not ActKind.SHOWN]


# Never from a pipe


@pytest.mark.parametrize("arguments", NEEDS_A_PERSON)
def test_no_answer_comes_from_a_pipe(env: Mapping[str, str], agent: PaperAgent, arguments: tuple[str, ...]) -> None:
    agent.say(ActKind.ACKNOWLEDGED, Purpose.DETECT)
    before = list(agent.acts)
    done = run(*arguments, typed="allow\nrefuse\nwithdraw\nobject\nnot me\nerase\n")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("gleanwatch: an answer is typed by a person at a terminal")
    assert done.stderr.count("\n") == 1
    assert agent.acts == before
    assert not {"act", "dispute", "erase"} & {command for command, _ in agent.asked}


def test_an_answer_to_a_finding_does_not_come_from_a_pipe_either(env: Mapping[str, str], agent: PaperAgent) -> None:
    done = CliRunner().invoke(findings, ["answer", "f1", "approved"], input="approved\n")
    assert (done.exit_code, done.stdout) == (1, "")
    assert agent.asked == []


# One act at a time


def test_allowing_and_taking_back_are_one_typed_word_each(desk: ScriptedDesk, agent: PaperAgent) -> None:
    acts.answer(desk.types("allow"), ActKind.GIVEN, ONE)
    given = desk.typed
    assert agent.gate(ONE).state is GateState.OPEN
    acts.answer(desk.types("withdraw"), ActKind.WITHDRAWN, ONE)
    assert desk.typed - given == given == 1
    assert agent.gate(ONE).state is GateState.CLOSED
    acts.answer(desk.types("refuse"), ActKind.REFUSED, ONE)
    kinds = [(act.kind, act.control) for act in agent.acts if act.purpose is ONE]
    assert kinds == [
        (ActKind.GIVEN, "terminal.allow"),
        (ActKind.WITHDRAWN, "terminal.withdraw"),
        (ActKind.REFUSED, "terminal.refuse"),
    ]


@pytest.mark.parametrize("typed", ["", "yes\n", "ALLOW now"])
def test_without_its_word_nothing_is_changed(desk: ScriptedDesk, agent: PaperAgent, typed: str) -> None:
    with pytest.raises(Failure):
        acts.answer(desk.types(typed, ""), ActKind.GIVEN, ONE)
    assert done_by_person(agent) == []


def test_the_notice_is_printed_before_the_first_answer_to_it_and_named_by_date_afterwards(
    desk: ScriptedDesk, agent: PaperAgent
) -> None:
    acts.answer(desk.types("allow", pace=2), ActKind.GIVEN, ONE)
    assert agent.notice().sha256 in desk.said
    assert {act.kind for act in agent.acts[:-1]} == {ActKind.SHOWN}
    assert agent.acts[-1].dwell_ms == 2000
    desk.screen.truncate(0)
    acts.answer(desk.types("withdraw", pace=2), ActKind.WITHDRAWN, ONE)
    assert agent.notice().sha256 not in desk.said
    assert words.when(agent.now) in desk.said
    assert agent.acts[-1].dwell_ms is None, "how long it was read, nobody knows: it was not printed now"


def test_a_notice_shown_in_another_language_is_printed_in_this_one(desk: ScriptedDesk, agent: PaperAgent) -> None:
    agent.languages = ("en", "de")
    acts.answer(desk.types("allow"), ActKind.GIVEN, ONE)
    acts.answer(desk.types("withdraw", language="de"), ActKind.WITHDRAWN, ONE)
    assert agent.notice("de").sha256 in desk.said
    assert (agent.acts[-1].notice_sha256, agent.acts[-1].language) == (agent.notice("de").sha256, "de")


def test_there_is_nothing_to_take_back_where_nothing_was_given(desk: ScriptedDesk, agent: PaperAgent) -> None:
    with pytest.raises(Failure, match="no consent to take back"):
        acts.answer(desk.types("withdraw"), ActKind.WITHDRAWN, ONE)
    with pytest.raises(Failure, match=r"nothing is done for product\.diagnostics here"):
        acts.answer(desk.types("allow"), ActKind.GIVEN, Purpose.DIAGNOSTICS)
    assert agent.acts == []


def test_one_can_object_to_one_purpose_or_to_all(desk: ScriptedDesk, agent: PaperAgent) -> None:
    acts.object_to(desk.types("object"), Purpose.WARN)
    assert done_by_person(agent) == [(ActKind.OBJECTED, Purpose.WARN)]
    acts.object_to(desk.types("object"), None)
    assert [purpose for _, purpose in done_by_person(agent)[1:]] == [
        Purpose.DETECT,
        Purpose.WARN,
        Purpose.LEDGER,
        Purpose.HEALTH,
    ]


@pytest.mark.parametrize(
    ("mode", "start", "told"),
    [
        (Mode.PERSONAL, StartRule.ACKNOWLEDGED, "stops at once"),
        (Mode.MANAGED, StartRule.ACKNOWLEDGED, "It does not stop the watching by itself"),
        (Mode.MANAGED, StartRule.AUTHORISED, "takes your authorisation back"),
    ],
)
def test_what_objecting_does_is_told_before_it_is_typed(
    desk: ScriptedDesk, agent: PaperAgent, mode: Mode, start: StartRule, told: str
) -> None:
    agent.mode, agent.start = mode, start
    for purpose in Purpose:
        if not purpose.optional:
            agent.say(ActKind.SHOWN, purpose)
            agent.say(ActKind.AUTHORISED if start is StartRule.AUTHORISED else ActKind.ACKNOWLEDGED, purpose)
    acts.object_to(desk.types("object"), None)
    said = " ".join(desk.said.split())
    assert said.index(told) < said.index("Type «object»")
    if mode is Mode.MANAGED:
        assert "stays on this computer" in said[: said.index("Type «object»")]
    assert (agent.gate(Purpose.DETECT).state is GateState.CLOSED) is ("stop the watching" not in told)


def test_that_was_not_me_takes_away_what_the_act_allowed(desk: ScriptedDesk, agent: PaperAgent) -> None:
    agent.say(ActKind.SHOWN, ONE)
    entry = agent.say(ActKind.GIVEN, ONE)
    assert agent.gate(ONE).state is GateState.OPEN
    acts.dispute(desk.types("not me"), entry)
    assert agent.gate(ONE).state is GateState.CLOSED
    sent = [args for command, args in agent.asked if command == "dispute"]
    assert sent == [{"entry": entry, "channel": "terminal", "control": "terminal.dispute"}]
    with pytest.raises(Failure, match="on record as entry 2"):
        acts.dispute(desk.types("not me"), entry)


def test_only_what_allowed_something_can_be_disputed(desk: ScriptedDesk, agent: PaperAgent) -> None:
    entry = agent.say(ActKind.OBJECTED, Purpose.DETECT)
    with pytest.raises(Failure, match="nothing to dispute about entry 0: You objected"):
        acts.dispute(desk.types("not me"), entry)
    with pytest.raises(Failure, match="no act of yours"):
        acts.dispute(desk.types("not me"), 99)


@pytest.mark.parametrize("argument", ["nothing", "o", ""])
def test_a_key_that_names_no_single_purpose_is_misuse_and_lists_them(env: Mapping[str, str], argument: str) -> None:
    done = run("allow", argument)
    assert (done.exit_code, done.stdout) == (2, "")
    said = "".join(done.stderr.split())
    assert all(p.value in said for p in Purpose if p.optional)
    assert not any(p.value in said for p in Purpose if not p.optional)


def test_the_wrong_kind_of_purpose_says_which_command_is_meant(env: Mapping[str, str]) -> None:
    for command, key, instead in (("allow", Purpose.WARN, "consent object"), ("object", ONE, "«withdraw»")):
        done = run(command, key.value)
        assert done.exit_code == 2
        assert instead in " ".join(done.stderr.split())


@given(st.sampled_from([p for p in Purpose if p.optional]), st.data())
def test_every_completion_leads_to_its_purpose(purpose: Purpose, data: st.DataObject) -> None:
    piece = data.draw(st.integers(1, len(purpose.value)).map(lambda n: purpose.value[:n]))
    offered = [item.value for item in acts.ON_CONSENT.shell_complete(None, None, piece)]  # type: ignore[arg-type]
    assert purpose.value in offered
    if len(offered) == 1:
        assert acts.ON_CONSENT.convert(piece, None, None) is purpose


# What is shown


def test_show_says_of_each_purpose_when_it_starts_and_why(env: Mapping[str, str], agent: PaperAgent) -> None:
    agent.lead_days = 14
    for kind in (ActKind.SHOWN, ActKind.ACKNOWLEDGED):
        agent.say(kind, Purpose.DETECT)
    agent.say(ActKind.SHOWN, Purpose.WARN)
    agent.say(ActKind.OBJECTED, Purpose.WARN)
    told = {one["purpose"]: one for one in document("show")["purposes"]}
    assert set(told) == {p.value for p in Purpose}
    start = words.when(agent.now + 14 * DAY_MS)
    assert told[Purpose.DETECT.value]["why"].startswith(f"Starts by itself {start}")
    assert told[Purpose.LEDGER.value]["why"].startswith("Not started: its notice was not shown")
    assert told[Purpose.WARN.value]["held"] is True
    text = " ".join(run("show").stdout.split())
    assert f"Starts by itself {start}" in text
    assert f"You said «I have been shown this» ({words.when(agent.now)}, local page)" in text
    assert "Because you objected, its data stays on this computer" in text
    assert "Not in use here" in text


def test_every_reason_a_gate_can_have_is_a_sentence() -> None:
    said = {}
    for reason in GateReason:
        view = _view_with(reason.value)
        said[reason] = words.why(view, Mode.MANAGED)
        assert reason.value not in said[reason], "a key is no sentence"
        assert said[reason].endswith(".")
    for waits in ("notice_not_shown", "notice_changed", "not_acknowledged", "not_authorised"):
        assert words.mend(_view_with(waits)) == words.REVIEW


def test_history_tells_acts_words_disputes_and_erasures_newest_first(env: Mapping[str, str], agent: PaperAgent) -> None:
    agent.say(ActKind.SHOWN, ONE)
    given = agent.say(ActKind.GIVEN, ONE)
    gone = agent.say(ActKind.REFUSED, ONE)
    agent.erased.add(gone)
    agent.say(ActKind.DISPUTED, ONE, disputes=given)
    answered = agent.say(ActKind.ANSWERED, Purpose.WARN, category="work")
    agent.words[answered] = "for the library\x1b]0;owned\x07 [red]"
    assert [one["act"]["entry"] for one in document("history")["history"]] == [4, 3, 2, 1, 0]
    text = " ".join(run("history").stdout.split())
    assert "You answered a finding: «This is for my work»" in text
    assert "You said of entry 1: «that was not me»" in text
    assert "You said that this was not you: entry 3" in text
    assert "Erased: only its time" in text
    assert "for the library ]0;owned [red]" in text, "somebody's words are shown, never obeyed"


def test_before_anything_is_on_record_history_says_how_it_begins(env: Mapping[str, str]) -> None:
    assert "gleanwatch consent review" in run("history").stdout
    assert document("history") == {"history": []}


# Receipts


def test_receipts_are_checked_by_the_program_handed_out_with_them(
    env: Mapping[str, str], agent: PaperAgent, tmp_path: Path
) -> None:
    agent.say(ActKind.SHOWN, ONE)
    agent.say(ActKind.GIVEN, ONE)
    agent.erased.add(agent.say(ActKind.REFUSED, ONE))
    out = tmp_path / "mine"
    done = run("receipts", "--out", str(out))
    assert done.exit_code == 0, done.stderr
    assert sorted(path.name for path in out.iterdir()) == ["receipt-0.json", "receipt-1.json", "verify_receipt.py"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in out.iterdir()} == {0o600}

    def verify(name: str) -> int:
        command = [sys.executable, "-I", str(out / "verify_receipt.py"), str(out / name)]
        return subprocess.run(command, capture_output=True, check=False).returncode

    assert verify("receipt-1.json") == 0
    forged = json.loads((out / "receipt-1.json").read_text())
    forged["payload"] = forged["payload"].replace("given", "taken")
    (out / "forged.json").write_text(json.dumps(forged))
    assert verify("forged.json") == 1


def test_no_receipt_is_written_over(env: Mapping[str, str], agent: PaperAgent, tmp_path: Path) -> None:
    agent.say(ActKind.GIVEN, ONE)
    (tmp_path / "receipt-0.json").write_text("an older proof")
    done = run("receipts", "0", "--out", str(tmp_path))
    assert done.exit_code == 1
    assert "not written over" in done.stderr
    assert (tmp_path / "receipt-0.json").read_text() == "an older proof"


def test_a_folder_that_cannot_be_written_to_is_named(desk: ScriptedDesk, agent: PaperAgent, tmp_path: Path) -> None:
    agent.say(ActKind.GIVEN, ONE)
    (tmp_path / "file").write_text("")
    with pytest.raises(Failure, match="cannot be written to"):
        write_receipts(desk.types(), [0], tmp_path / "file" / "below")


def test_a_proof_that_fails_is_named_and_ends_with_1(env: Mapping[str, str], agent: PaperAgent) -> None:
    agent.say(ActKind.SHOWN, ONE)
    agent.broken.add(agent.say(ActKind.GIVEN, ONE))
    done = run("receipts")
    assert done.exit_code == 1
    assert "✓ holds" in done.stdout and "✗ fails" in done.stdout
    assert "The content is not what was committed to." in done.stdout
    assert "the proof of entry 1 does not hold" in done.stderr
    as_json = run("receipts", "--json")
    assert as_json.exit_code == 1
    assert [(one["entry"], one["ok"]) for one in json.loads(as_json.stdout)["receipts"]] == [(0, True), (1, False)]


def test_without_a_witness_it_is_said_that_a_rollback_would_not_be_seen(
    env: Mapping[str, str], agent: PaperAgent
) -> None:
    agent.say(ActKind.SHOWN, ONE)
    assert "put back to an older copy" in " ".join(run("receipts").stdout.split())


def test_one_receipt_as_json_is_the_receipt_itself(env: Mapping[str, str], agent: PaperAgent) -> None:
    agent.say(ActKind.SHOWN, ONE)
    found = document("receipts", "0")
    assert (found["kind"], found["v"]) == ("gleanwatch-receipt", 1)


def test_an_erased_entry_has_no_receipt(env: Mapping[str, str], agent: PaperAgent) -> None:
    agent.erased.add(agent.say(ActKind.GIVEN, ONE))
    for arguments in (("receipts",), ("receipts", "0"), ("receipts", "7"), ("receipts", "0", "--json")):
        done = run(*arguments)
        assert (done.exit_code, done.stdout) == (1, ""), arguments


def test_the_qr_code_is_drawn_whole_or_not_at_all(desk: ScriptedDesk, agent: PaperAgent) -> None:
    agent.say(ActKind.GIVEN, ONE)
    narrow = desk.types()
    narrow.say.width = 60
    with pytest.raises(Failure, match="make its letters smaller"):
        print_qr(narrow, 0)
    assert desk.said == ""
    wide = desk.types()
    wide.say.width = 200
    print_qr(wide, 0)
    drawn = desk.said.splitlines()
    assert len({len(line) for line in drawn}) == 1
    assert len(drawn[0]) in (2 * len(drawn), 2 * len(drawn) - 1), "two rows of squares to a line: it is a square"
    receipt = json.dumps(wide.send("receipt", {"entry": 0}).result).encode()
    assert json.loads(from_qr(to_text(receipt)))["kind"] == "gleanwatch-receipt"


# Export


def test_an_export_is_there_whole_and_readable_by_its_owner_only(
    env: Mapping[str, str], agent: PaperAgent, tmp_path: Path
) -> None:
    agent.exported = {
        "index.html": b"<p>all",
        "records/1.jsonld": b"{}",
        "records/2.jsonld": b"",
        "big": b"x" * 200_000,
    }
    out = tmp_path / "all of it"
    done = run("export", str(out))
    assert done.exit_code == 0, done.stderr
    written = {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert written == agent.exported
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    assert [path.name for path in tmp_path.iterdir()] == ["all of it"], "nothing is left beside it"
    text = " ".join(done.stdout.split())
    assert "records/ 2 files" in text and "To read it, open:" in text


def test_an_export_never_goes_over_what_is_there(env: Mapping[str, str], tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "diary").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "full")
    for name in ("full", "file", "link"):
        done = run("export", str(tmp_path / name))
        assert (done.exit_code, done.stdout) == (1, ""), name
        assert done.stderr.count("\n") == 1
    assert (tmp_path / "full" / "diary").read_text() == (tmp_path / "file").read_text() == "mine"
    (tmp_path / "empty").mkdir()
    assert document("export", str(tmp_path / "empty"))["files"]["index.html"] == 3


@pytest.mark.parametrize("name", ["../out", "/etc/x", "a/../../b", "a\\b", "C:x", ""])
def test_a_name_that_would_leave_the_folder_is_refused_and_nothing_is_kept(
    desk: ScriptedDesk, agent: PaperAgent, tmp_path: Path, name: str
) -> None:
    agent.exported = {"fine": b"fine", name: b"bad"}
    with pytest.raises(Failure):
        export_to(desk.instance, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def parts(files: Mapping[str, bytes], size: int) -> Iterable[dict[str, object]]:
    for name, content in files.items():
        pieces = [content[i : i + size] for i in range(0, len(content), size)] or [b""]
        for number, piece in enumerate(pieces, 1):
            yield {"name": name, "part": base64.b64encode(piece).decode(), "last": number == len(pieces)}


names = st.from_regex(r"[a-z]{1,8}(/[a-z]{1,8}\.json)?", fullmatch=True)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(names, st.binary(max_size=100), max_size=5), st.integers(1, 40), st.data())
def test_parts_come_together_again_and_a_missing_one_never_passes(
    files: dict[str, bytes], size: int, data: st.DataObject
) -> None:
    heads = {name.partition("/")[0] for name in files if "/" in name}
    files = {name: content for name, content in files.items() if name not in heads}
    sent = list(parts(files, size))
    with short_folder() as folder:
        assert write_parts(sent, folder, lambda *_: None) == {name: len(content) for name, content in files.items()}
        assert {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()} == files
    ends = [i for i, part in enumerate(sent) if part["last"] and len(files[str(part["name"])]) > size]
    if ends:
        del sent[data.draw(st.sampled_from(ends))]
        with short_folder() as folder, pytest.raises(Failure):
            write_parts(sent, folder, lambda *_: None)


# Erasure


def test_erasing_shows_what_goes_and_stays_before_the_word_is_typed(desk: ScriptedDesk, agent: PaperAgent) -> None:
    erase(desk.types("page-loads", "1", "erase"), None, None, None)
    before, after = desk.said.split("Type «erase»")
    assert "12 page loads" in before and "entries 2 to 4, 9" in before and "What stays, and why" in before
    assert "What went" in after and "What went" not in before
    sent = [args for command, args in agent.asked if command == "erase"]
    assert sent == [{"what": "page-loads", "ground": "not-needed", "entry": None, "channel": Channel.TERMINAL.value}]


@pytest.mark.parametrize("lines", [("",), ("all", ""), ("all", "unlawful", ""), ("record", ""), ("record", "x", "")])
def test_enter_at_any_question_erases_nothing(desk: ScriptedDesk, agent: PaperAgent, lines: tuple[str, ...]) -> None:
    with pytest.raises(Failure, match="nothing was changed"):
        erase(desk.types(*lines), None, None, None)
    assert "erase" not in {command for command, _ in agent.asked}


def test_one_entry_is_asked_for_by_its_number(desk: ScriptedDesk, agent: PaperAgent) -> None:
    erase(desk.types("record", "twelve", "12", "unlawful", "erase"), None, None, None)
    sent = [args for command, args in agent.asked if command.startswith("erase")]
    assert [args["entry"] for args in sent] == [12, 12]


def test_nothing_to_erase_is_said_before_a_ground_is_asked_for(desk: ScriptedDesk, agent: PaperAgent) -> None:
    agent.preview = ErasurePreview(Erasable.WORDS, 0, 0, (), ())
    with pytest.raises(Failure, match="nothing of it here"):
        erase(desk.types(), Erasable.WORDS, None, None)


def test_the_sweepers_ground_is_nobodys_to_name(env: Mapping[str, str]) -> None:
    assert run("erase", "--what", "all", "--ground", Ground.RETENTION.value).exit_code == 2


def test_a_preview_is_for_programs_too_and_erases_nothing(env: Mapping[str, str], agent: PaperAgent) -> None:
    assert document("erase", "--what", "all", "--preview")["page_loads"] == 12
    assert [command for command, _ in agent.asked] == ["erase_preview"]
    for misuse in (("--json", "--what", "all"), ("--preview",), ("--what", "all", "--entry", "3")):
        assert run("erase", *misuse).exit_code == 2


# At a real terminal


def test_typed_at_a_real_terminal_it_is_recorded(env: Mapping[str, str], agent: PaperAgent) -> None:
    with at_terminal(env, "consent", "allow", "longer-history", columns=80) as person:
        person.expect("Type «allow»")
        person.type("allow")
        person.expect("Recorded.")
        assert person.end() == 0, person.said
    assert done_by_person(agent) == [(ActKind.GIVEN, ONE)]
    with at_terminal(env, "consent", "erase", "--what", "all", "--ground", "unlawful", columns=80) as person:
        person.expect("Type «erase»")
        person.type("")
        person.expect("nothing was changed")
        assert person.end() == 1


def test_an_answer_to_a_finding_is_typed_and_may_have_words(env: Mapping[str, str], agent: PaperAgent) -> None:
    with at_terminal(env, "findings", "answer", "f1", "approved", "--words", "for the library") as person:
        person.expect("Type «approved»")
        person.type("approved")
        assert person.end() == 0, person.said
    with at_terminal(env, "findings", "answer", "f1") as person:
        person.expect("Type your answer")
        person.type("stopped")
        assert person.end() == 0, person.said
    sent = [args for command, args in agent.asked if command == "answer"]
    common = {"id": "f1", "channel": "terminal", "control": "terminal.answer"}
    assert sent == [
        {**common, "answer": "approved", "words": "for the library"},
        {**common, "answer": "stopped", "words": ""},
    ]


def test_too_many_words_are_refused_before_anything_is_asked(env: Mapping[str, str], agent: PaperAgent) -> None:
    done = CliRunner().invoke(findings, ["answer", "f1", "approved", "--words", "x" * 501])
    assert (done.exit_code, agent.asked) == (2, [])


def test_help_of_every_command_teaches_by_example(env: Mapping[str, str]) -> None:
    for name in consent.commands:
        told = run(name, "--help")
        assert told.exit_code == 0
        assert len(told.stdout.splitlines()) > 6, name
    listed = run("--help").stdout
    assert all(f"\n  {name} " in listed for name in consent.commands)


def _view_with(reason: str) -> PurposeView:
    gate = Gate(Purpose.DETECT, GateState.CLOSED, 0, until=1 if reason == "lead_days" else None, reason=reason)
    return PurposeView(Purpose.DETECT, False, True, gate, None, "t", "m", "b", (), (), "r", None, False)
