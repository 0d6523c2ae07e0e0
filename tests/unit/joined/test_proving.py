"""What can be proved, and taken away."""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest

from agent.consent.bundle import bundle
from agent.face import PART_BYTES, send_files
from agent.ledger import checkpoint as checkpoints
from agent.ledger import merkle, note, proof, tiles
from agent.ledger.receipt import check_receipt
from agent.model.consent import Erasable, Ground
from agent.model.events import PageLoad
from agent.model.face import ExportFile
from agent.model.purposes import ActKind, Channel, Purpose, Strength
from agent.model.records import RecordFacts
from agent.proving import LINES_AT_ONCE, LOADS_AT_ONCE, in_parts
from agent.recording import records
from agent.store import ledger, page_loads
from tests.unit.joined.rig import Join, Joined, managed
from tests.unit.joined.test_erasing import fill


async def taken(files: Mapping[str, ExportFile]) -> dict[str, bytes]:
    return {name: b"".join([part async for part in in_parts(content)]) for name, content in files.items()}


async def test_every_act_has_a_receipt_that_holds_and_carries_its_text(alone: Joined) -> None:
    await fill(alone)
    for act in alone.consents.acts:
        held = check_receipt(await alone.proving.receipt(act.entry or 0))
        assert held.payload["kind"] == act.kind.value
        assert held.notice == alone.consents.notice().text
        found = await alone.proving.check(act.entry or 0)
        assert found.ok
        assert "No witness has seen this log" in found.said


async def test_a_receipt_of_before_a_rotation_still_holds_after_it(alone: Joined) -> None:
    await alone.press(ActKind.SHOWN)
    before = alone.consents.acts[0].entry or 0
    await alone.store.write(lambda tx: alone.store.ledger.rotate(tx, alone.clock.now()))
    await alone.press(ActKind.ACKNOWLEDGED)
    first = check_receipt(await alone.proving.receipt(before))
    second = check_receipt(await alone.proving.receipt(alone.consents.acts[-1].entry or 0))
    assert first.key.name.endswith("/1")
    assert second.key.name.endswith("/2")
    assert first.key.public == second.key.public
    assert (await alone.proving.verify(True, lambda _done, _of: None)).ok


async def test_of_an_erased_act_only_that_it_was_there_is_proved(alone: Joined) -> None:
    await fill(alone)
    (answer,) = [a.entry for a in alone.consents.acts if a.kind is ActKind.ANSWERED]
    await alone.erasing.erase(Erasable.WORDS, Ground.NOT_NEEDED, None, Channel.PAGE)
    with pytest.raises(ValueError, match="was erased"):
        await alone.proving.receipt(answer or 0)
    found = await alone.proving.check(answer or 0)
    assert found.ok
    assert "Its content was erased" in found.said


async def test_what_was_changed_is_found_by_the_check_of_that_entry(alone: Joined) -> None:
    await fill(alone)
    entry = alone.consents.acts[0].entry or 0

    def change(tx: apsw.Connection) -> None:
        tx.execute("UPDATE ledger_content SET salt = zeroblob(32) WHERE entry = ?", (entry,))

    await alone.store.write(change)
    found = await alone.proving.check(entry)
    assert not found.ok
    assert f"entry {entry}" in found.said
    with pytest.raises(ValueError, match="cannot be proved"):
        await alone.proving.receipt(entry)


async def test_an_entry_that_is_not_there_is_refused(alone: Joined) -> None:
    for ask in (alone.proving.receipt, alone.proving.check, alone.proving.proof):
        with pytest.raises(ValueError, match="no entry 99"):
            await ask(99)


async def test_the_proof_and_the_checkpoint_are_plain_c2sp(alone: Joined) -> None:
    await fill(alone)
    made, entry, key = await alone.proving.proof(2)
    assert proof.check(proof.parse(made), entry, key).checkpoint.origin == key.name
    signed, key = await alone.proving.checkpoint()
    read = note.parse(signed)
    assert note.verified(read, [key]) == (key,)
    assert checkpoints.parse(read.text).size > 2


async def test_the_logs_as_files_hold_every_entry(alone: Joined) -> None:
    await fill(alone)
    await alone.store.write(lambda tx: alone.store.ledger.rotate(tx, alone.clock.now()))
    files = await taken(await alone.proving.log_files())
    lines = files["log-1/entries.ndjson"] + files["log-2/entries.ndjson"]
    total = await alone.store.read(lambda tx: tx.execute("SELECT count(*) FROM ledger_entry").get)
    assert lines.count(b"\n") == total
    assert b'"kind":"act"' in lines
    assert files["log-2/key"].startswith(b"gleanwatch.localhost/")


async def test_the_logs_as_files_come_in_parts_that_fit_together_while_the_log_grows(alone: Joined) -> None:
    """Nothing is held for whoever downloads: others read and write between two parts, and the files still agree."""

    def some(tx: apsw.Connection) -> None:
        for number in range(LINES_AT_ONCE // 2):
            alone.store.ledger.append(tx, "policy", number, {"number": number})

    async def write() -> None:
        await alone.store.write(some)

    for _ in range(5):
        await write()
    size = await alone.store.read(ledger.entry_count)
    held: dict[str, list[bytes]] = {}
    for name, content in (await alone.proving.log_files()).items():
        held[name] = []
        async for part in in_parts(content):
            held[name].append(part)
            assert part.count(b"\n") <= LINES_AT_ONCE, name
            if len(held[name]) == 1 and name.endswith((".ndjson", "key", "000")):
                await write()
    files = {name.removeprefix("log-1/"): b"".join(parts) for name, parts in held.items()}
    assert len(held["log-1/entries.ndjson"]) > 1
    assert await alone.store.read(ledger.entry_count) > size
    signed = checkpoints.parse(note.parse(files["checkpoint"]).text)
    entries = files["entries.ndjson"].splitlines()
    assert signed.size == size == len(entries)
    assert signed.root == merkle.tree_root([merkle.leaf_hash(entry) for entry in entries])
    assert files["checkpoints"].endswith(files["checkpoint"])
    assert set(files) == {"checkpoint", "key", "entries.ndjson", "checkpoints", *(t.name for t in tiles.layout(size))}


async def test_everything_about_a_person_is_one_folder_that_verifies_itself(join: Join, tmp_path: Path) -> None:
    async with join(managed(lead_days=0)) as joined:
        await fill(joined)
        files = await taken(await joined.proving.everything())
        acts = [a.entry for a in joined.consents.acts]
    for name, data in files.items():
        (tmp_path / "out" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out" / name).write_bytes(data)
    assert list(files) == sorted(files)
    for entry in acts:
        ran = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-I", "verify_receipt.py", f"receipts/{entry}.json"],
            cwd=tmp_path / "out",
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
    records = [json.loads(data) for name, data in files.items() if name.endswith(".jsonld")]
    assert len(records) == len(acts)
    assert b"for the newsletter list" in files["index.html"]
    kept = json.loads(files["kept.json"])
    assert kept["findings"]
    assert list(kept) == ["findings", "page_loads", "browsers", "counters"]


async def test_page_loads_go_out_in_parts_and_others_may_read_between_two(alone: Joined) -> None:
    many = 2 * LOADS_AT_ONCE + 1
    loads = [PageLoad("c" * 22, n + 1, "linkedin", "profile", n, n % 2 == 0, n % 3 == 0) for n in range(many)]
    await alone.store.write(lambda tx: page_loads.append(tx, "c" * 22, loads, many, 1))
    parts = []
    content = (await alone.proving.everything())["kept.json"]
    assert not isinstance(content, bytes)
    async for part in content:
        assert part.count(b'"seq":') <= LOADS_AT_ONCE
        assert await alone.store.read(lambda tx: page_loads.high_water(tx, "c" * 22)) == many
        parts.append(part)
    assert json.loads(b"".join(parts))["page_loads"] == msgspec.to_builtins(loads)


@pytest.mark.parametrize("size", [0, 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES])
@pytest.mark.parametrize("step", [None, 1000, PART_BYTES, 2 * PART_BYTES + 1])
async def test_a_file_goes_over_the_socket_in_frames_with_one_last(size: int, step: int | None) -> None:
    data, sent = bytes(n % 251 for n in range(size)), []

    async def pieces(step: int) -> AsyncIterator[bytes]:
        for start in range(0, size, step):
            yield data[start : start + step]

    async def emit(part: object) -> None:
        sent.append(part)

    await send_files({"a": data if step is None else pieces(step)}, emit)
    frames = [msgspec.convert(part, dict[str, Any]) for part in sent]
    assert b"".join(base64.b64decode(frame["part"]) for frame in frames) == data
    assert [frame["last"] for frame in frames] == [False] * (len(frames) - 1) + [True]
    assert all(len(base64.b64decode(frame["part"])) <= PART_BYTES for frame in frames)


async def test_a_record_names_the_one_before_it_about_the_same_purpose(alone: Joined) -> None:
    async def mine() -> list[RecordFacts]:
        every = await records(alone.store, alone.consents.telling, alone.consents.acts)
        return [record for record in every if record.act.purpose is Purpose.LONGER_HISTORY]

    await alone.press(ActKind.SHOWN)
    for kind in (ActKind.GIVEN, ActKind.WITHDRAWN):
        await alone.press(kind, Purpose.LONGER_HISTORY)
    first, second, third = await mine()
    assert [r.prior_id for r in (first, second, third)] == ["", first.record_id, second.record_id]
    assert len({first.record_id, second.record_id, third.record_id}) == 3
    assert await mine() == [first, second, third]
    assert bundle([first, second, third], (), b"", {})


async def test_that_was_not_me_on_the_desktop_is_the_persons_press_and_goes_into_the_export(alone: Joined) -> None:
    await alone.press(ActKind.SHOWN)
    await alone.press(ActKind.ACKNOWLEDGED)
    await alone.consents.dispute(alone.consents.acts[-1].entry or 0, Channel.DESKTOP, "desktop.dispute")
    assert alone.consents.acts[-1].strength is Strength.DESKTOP_PRESS
    every = await records(alone.store, alone.consents.telling, alone.consents.acts)
    assert b"on a desktop notice" in b"".join(bundle(every, (), b"", {}).values())
