"""An agent for the command line's tests: answers the control commands of consent on a real socket, from memory.

What it says is worked out by the real parts: the notice that the product renders, the fold and the gate over its acts,
a Merkle log with signed checkpoints for its receipts. Only the database and the daemon are missing. `serving` runs it
beside the test, on an event loop in a thread of its own, where `gleanwatch` looks for its agent.
"""

from __future__ import annotations

import asyncio
import base64
import os
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from agent.consent.gate import GateRules, decide
from agent.consent.standing import disputes, expires_at, fits, held, standing
from agent.content.notices import LANGUAGES, best_language, purpose_words, render_notice, said
from agent.content.notices import difference as differing
from agent.content.purposes import basis_for, load_purposes
from agent.ledger import checkpoint, merkle
from agent.ledger.entry import Entry, canonical, commit, encode
from agent.ledger.merkle import leaf_hash, tree_root
from agent.ledger.note import Signer, signed
from agent.ledger.proof import TlogProof
from agent.ledger.receipt import receipt
from agent.link.control import CommandError, ControlServer, Emit
from agent.model.consent import ActView, Erasable, ErasurePreview, ProofCheck, PurposeView
from agent.model.face import NoticeText
from agent.model.purposes import Act, ActKind, Channel, Gate, Mode, Purpose, StartRule, Strength
from agent.settings.instance import locate, prepare
from tests.support.places import clean_environment
from tests.unit.link.keeping import NOW, finding

ORIGIN = "gleanwatch.localhost/abcdefghijklmnop/1"
DAY_MS = 86_400_000
PART_BYTES = 32_768
GOES = ErasurePreview(
    Erasable.ALL, 12, 3, (2, 3, 4, 9), ("Your answers that still hold stay, since they open or close something.",)
)


@dataclass
class PaperAgent:
    """Keeps acts in memory and answers as `docs/protocol.md` says.

    Attributes:
        mode: How it says that it runs.
        start: What mandatory purposes wait for.
        lead_days: Days between notice and start.
        now: Its clock, UTC milliseconds.
        acts: Everything on record, oldest first.
        words: Entry → the person's own words.
        erased: Entries whose content is gone.
        broken: Entries whose proof fails.
        before: The notice that was answered before this one, or empty.
        asked: Every command that came, with its arguments.
        exported: What `export` gives.
        preview: What erasing would take away.
    """

    mode: Mode = Mode.MANAGED
    start: StartRule = StartRule.ACKNOWLEDGED
    lead_days: int = 0
    now: int = NOW
    acts: list[Act] = field(default_factory=list)
    words: dict[int, str] = field(default_factory=dict)
    erased: set[int] = field(default_factory=set)
    broken: set[int] = field(default_factory=set)
    before: str = ""
    languages: tuple[str, ...] = ("en",)
    asked: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)
    exported: Mapping[str, bytes] = field(default_factory=lambda: {"index.html": b"<p>", "records/1.jsonld": b"{}"})
    preview: ErasurePreview = GOES

    def notice(self, language: str = "en") -> NoticeText:
        """The notice, as the product renders it."""
        managed: dict[str, Any] = {"organisation": "Example Ltd", "contact": "privacy@example.org"}
        return render_notice(
            self.mode,
            best_language([language], self.languages),
            purposes=tuple(load_purposes().values()),
            start=self.start,
            lead_days=self.lead_days,
            **(managed if self.mode is Mode.MANAGED else {}),
        )

    @property
    def rules(self) -> GateRules:
        facts = load_purposes()
        return GateRules(
            self.mode,
            start=self.start,
            lead_days=self.lead_days,
            not_in_use=frozenset(p for p in Purpose if not facts[p].in_use),
            notices=frozenset(self.notice(language).sha256 for language in self.languages),
        )

    def gate(self, purpose: Purpose) -> Gate:
        return decide(purpose, self.acts, self.rules, self.now)

    def gates(self) -> list[object]:
        return [msgspec.to_builtins(self.gate(p)) for p in Purpose]

    def say(self, kind: ActKind, purpose: Purpose, **more: Any) -> int:
        """Put an act on record as if it had been done before the test began; return its entry."""
        entry = len(self.acts)
        act = Act(purpose, kind, self.now, self.notice().sha256, Channel.PAGE, entry=entry)
        self.acts.append(replace(act, **more))
        return entry

    def recorded(self, kind: ActKind) -> list[Act]:
        """Every act of one kind that came through the socket or was there."""
        return [act for act in self.acts if act.kind is kind]

    async def handle(self, command: str, args: Mapping[str, Any], emit: Emit) -> object:
        self.asked.append((command, args))
        items: Sequence[object] = ()
        match command:
            case "purposes":
                items = self.views(str(args["language"]))
            case "history":
                items = [self._act_view(act, str(args["language"])) for act in reversed(self.acts)]
            case "export":
                for name, content in self.exported.items():
                    for start in range(0, max(len(content), 1), PART_BYTES):
                        part, last = content[start : start + PART_BYTES], start + PART_BYTES >= len(content)
                        await emit({"name": name, "part": base64.b64encode(part).decode(), "last": last})
        for item in items:
            await emit(msgspec.to_builtins(item))
        return self._result(command, args)

    def _result(self, command: str, args: Mapping[str, Any]) -> object:
        match command:
            case "purposes" | "history" | "export":
                return {}
            case "status":
                return {"mode": self.mode.value, "gates": self.gates()}
            case "notice":
                return msgspec.to_builtins(self.notice(str(args["language"])))
            case "difference":
                lines = differing(self.before, self.notice(str(args["language"])).text) if self.before else None
                return {"lines": lines}
            case "act":
                return self.act(args)
            case "dispute":
                one = self.acts[args["entry"]]
                self.say(ActKind.DISPUTED, one.purpose, disputes=args["entry"], channel=Channel(args["channel"]))
                return self.gates()
            case "receipt":
                return msgspec.json.decode(self._receipt(args["entry"]))
            case "check":
                ok = args["entry"] not in self.broken
                said = "Content, place and signature agree." if ok else "The content is not what was committed to."
                return msgspec.to_builtins(ProofCheck(args["entry"], ok, said, len(self.acts), ()))
            case "erase_preview" | "erase":
                return msgspec.to_builtins(self.preview)
            case "finding" | "answer":
                return msgspec.to_builtins(replace(finding(), answer=str(args.get("answer", ""))))
        raise CommandError("The running agent does not know this command.")

    def act(self, args: Mapping[str, Any]) -> object:
        if args["notice_sha256"] not in self.rules.notices:
            raise CommandError("The notice has changed since it was shown. Read it again, then answer.")
        kind = ActKind(args["kind"])
        facts = load_purposes()
        every = [p for p in Purpose if facts[p].in_use and not p.optional]
        for purpose in [Purpose(args["purpose"])] if args["purpose"] else every:
            if problem := fits(purpose, kind, self.start, self.mode):
                raise CommandError(problem)
            self.say(
                kind,
                purpose,
                notice_sha256=args["notice_sha256"],
                channel=Channel(args["channel"]),
                control=args["control"],
                dwell_ms=args["dwell_ms"],
                language=next(one for one in LANGUAGES if self.notice(one).sha256 == args["notice_sha256"]),
                strength=Strength.TERMINAL_TYPED,
            )
        return self.gates()

    def views(self, language: str) -> list[PurposeView]:
        """Every purpose, mandatory ones first."""
        return [self._view(p, language) for p in sorted(Purpose, key=lambda p: p.optional)]

    def _view(self, purpose: Purpose, language: str) -> PurposeView:
        facts, words = load_purposes()[purpose], purpose_words(language)[purpose]
        last = standing(purpose, self.acts)
        times = {"raw_hours": 24, "finding_days": 90, "claims_years": 3}
        return PurposeView(
            purpose=purpose,
            optional=purpose.optional,
            in_use=facts.in_use,
            gate=self.gate(purpose),
            standing=last,
            title=words.title,
            meaning=words.meaning,
            basis=said(language, "basis", basis_for(facts, "NO")),
            categories=tuple(said(language, "category", key) for key in facts.categories),
            recipients=tuple(said(language, "recipient", key, organisation="Example Ltd") for key in facts.recipients),
            retention=said(language, "retention", facts.retention, **times),
            expires_at=expires_at(last, facts) if last is not None else None,
            held=held(purpose, self.acts),
        )

    def _act_view(self, act: Act, language: str) -> ActView:
        assert act.entry is not None
        by = disputes(self.acts).get(act.entry)
        can = act.kind in (ActKind.ACKNOWLEDGED, ActKind.GIVEN) and by is None
        title = purpose_words(language)[act.purpose].title
        return ActView(act, title, self.words.get(act.entry, ""), act.entry in self.erased, by, can)

    def _receipt(self, number: int) -> bytes:
        if number >= len(self.acts) or number in self.erased:
            raise CommandError("There is no content of this entry any more.")
        signer = Signer(ORIGIN, b"s" * 32)
        payloads = [
            canonical({"kind": a.kind.value, "notice_sha256": a.notice_sha256, "purpose": a.purpose.value})
            for a in self.acts
        ]
        salts = [bytes([i]) * 32 for i in range(len(payloads))]
        entries = [encode(Entry("act", a.at, commit(s, p))) for a, s, p in zip(self.acts, salts, payloads, strict=True)]
        leaves = [leaf_hash(entry) for entry in entries]

        def node(level: int, index: int) -> bytes:
            return tree_root(leaves[index << level : (index + 1) << level])

        text = checkpoint.encode(checkpoint.Checkpoint(ORIGIN, len(leaves), tree_root(leaves)))
        proof = TlogProof(
            number, tuple(merkle.inclusion_path(number, len(leaves), node)), signed(text, signer.sign(text))
        )
        return receipt(
            entries[number], payloads[number], salts[number], proof, signer.verifier, notice=self.notice().text
        )


@contextmanager
def serving(folder: Path, agent: PaperAgent) -> Iterator[dict[str, str]]:
    """Run an agent until the block ends; gives the environment in which `gleanwatch` finds it."""
    env = clean_environment(folder, COLUMNS="100")
    env.pop("LANG", None)
    instance = locate(env, sys.platform, folder, os.getuid())
    prepare(instance, os.getuid())
    loop = asyncio.new_event_loop()
    server = ControlServer(instance.control_socket, os.getuid(), agent.handle, count=lambda _name: None)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(20)
        yield env
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()
