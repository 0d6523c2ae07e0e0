"""Every table, how a database of an earlier release becomes one of this release, and what each field means.

A migration is a version and its SQL; they only go forward, each in one transaction with the version it reaches (kept in
`PRAGMA user_version`). `FIELDS` says of every column in plain words what is kept there: the page that lists every field
is made from it, and a test holds it and the live database together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MIGRATIONS: Final[tuple[tuple[int, str], ...]] = (
    (
        1,
        """
        CREATE TABLE migration (
            version INTEGER PRIMARY KEY,
            at INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE client (
            id INTEGER PRIMARY KEY,
            client TEXT NOT NULL UNIQUE,
            browser TEXT NOT NULL,
            browser_version TEXT NOT NULL,
            extension_version TEXT NOT NULL,
            waiting INTEGER NOT NULL,
            dropped INTEGER NOT NULL,
            lost INTEGER NOT NULL,
            seen_at INTEGER NOT NULL,
            acked INTEGER NOT NULL,
            acked_at INTEGER
        ) STRICT;

        CREATE TABLE page_kind (
            id INTEGER PRIMARY KEY,
            platform TEXT NOT NULL,
            page_class TEXT NOT NULL,
            UNIQUE (platform, page_class)
        ) STRICT;

        -- AUTOINCREMENT: detection's cursor must never meet a number again after the sweeper emptied the table.
        CREATE TABLE page_load (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            client INTEGER NOT NULL,
            seq INTEGER NOT NULL,
            kind INTEGER NOT NULL,
            at INTEGER NOT NULL,
            marks INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE finding (
            id TEXT PRIMARY KEY,
            tool TEXT NOT NULL,
            name TEXT NOT NULL,
            family TEXT NOT NULL,
            stage TEXT NOT NULL,
            confidence REAL NOT NULL,
            level TEXT NOT NULL,
            flagged INTEGER NOT NULL,
            modes TEXT NOT NULL,
            platforms TEXT NOT NULL,
            first_seen INTEGER NOT NULL,
            last_seen INTEGER NOT NULL,
            count INTEGER NOT NULL,
            processes TEXT NOT NULL,
            evidence TEXT NOT NULL,
            techniques TEXT NOT NULL,
            answer TEXT NOT NULL,
            answered_at INTEGER,
            held_until INTEGER,
            closed_at INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX finding_last_seen ON finding (last_seen);

        CREATE TABLE act (
            id INTEGER PRIMARY KEY,
            purpose TEXT NOT NULL,
            kind TEXT NOT NULL,
            at INTEGER NOT NULL,
            notice_sha256 TEXT NOT NULL,
            channel TEXT NOT NULL
        ) STRICT;

        CREATE TABLE gate (
            id INTEGER PRIMARY KEY,
            purpose TEXT NOT NULL,
            state TEXT NOT NULL,
            since INTEGER NOT NULL,
            until INTEGER,
            reason TEXT NOT NULL
        ) STRICT;

        CREATE TABLE counter (
            name TEXT PRIMARY KEY,
            value INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE cursor (
            name TEXT PRIMARY KEY,
            value INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """,
    ),
    (
        2,
        """
        -- Acts and gates without a ledger were never in anybody's hands: release 0.1 was not given out.
        DROP TABLE act;
        DROP TABLE gate;

        CREATE TABLE ledger_key (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            seed BLOB NOT NULL
        ) STRICT;

        CREATE TABLE ledger_log (
            number INTEGER PRIMARY KEY,
            first INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE ledger_entry (
            entry INTEGER PRIMARY KEY,
            bytes BLOB NOT NULL,
            nodes BLOB
        ) STRICT;

        CREATE TABLE ledger_checkpoint (
            log INTEGER NOT NULL,
            size INTEGER NOT NULL,
            number INTEGER NOT NULL,
            note BLOB NOT NULL,
            PRIMARY KEY (log, size)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE ledger_cosignature (
            log INTEGER NOT NULL,
            size INTEGER NOT NULL,
            witness TEXT NOT NULL,
            line TEXT NOT NULL,
            PRIMARY KEY (log, size, witness)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE ledger_content (
            entry INTEGER PRIMARY KEY,
            key BLOB NOT NULL,
            salt BLOB NOT NULL,
            sealed BLOB NOT NULL
        ) STRICT;

        -- A guard against honest mistakes of our own. Against others the signatures and witnesses stand.
        CREATE TRIGGER ledger_entry_stays BEFORE UPDATE ON ledger_entry
            WHEN NEW.entry IS NOT OLD.entry OR NEW.bytes IS NOT OLD.bytes OR OLD.nodes IS NOT NULL
            BEGIN SELECT RAISE(ABORT, 'a ledger entry is never changed'); END;
        CREATE TRIGGER ledger_entry_is_kept BEFORE DELETE ON ledger_entry
            BEGIN SELECT RAISE(ABORT, 'a ledger entry is never deleted'); END;
        CREATE TRIGGER ledger_checkpoint_stays BEFORE UPDATE ON ledger_checkpoint
            BEGIN SELECT RAISE(ABORT, 'a checkpoint is never changed'); END;
        CREATE TRIGGER ledger_checkpoint_is_kept BEFORE DELETE ON ledger_checkpoint
            BEGIN SELECT RAISE(ABORT, 'a checkpoint is never deleted'); END;

        CREATE TABLE notice_text (
            sha256 TEXT PRIMARY KEY,
            notice TEXT NOT NULL,
            version TEXT NOT NULL,
            language TEXT NOT NULL,
            text TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE act (
            entry INTEGER PRIMARY KEY,
            purpose TEXT NOT NULL,
            kind TEXT NOT NULL,
            at INTEGER NOT NULL,
            notice_sha256 TEXT NOT NULL,
            channel TEXT NOT NULL,
            language TEXT NOT NULL,
            control TEXT NOT NULL,
            dwell_ms INTEGER,
            strength TEXT NOT NULL,
            disputes INTEGER,
            finding TEXT NOT NULL,
            category TEXT NOT NULL
        ) STRICT;

        CREATE TABLE gate (
            entry INTEGER PRIMARY KEY,
            purpose TEXT NOT NULL,
            state TEXT NOT NULL,
            since INTEGER NOT NULL,
            until INTEGER,
            reason TEXT NOT NULL
        ) STRICT;

        CREATE TABLE outbox (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            purpose TEXT NOT NULL,
            made_at INTEGER NOT NULL,
            body BLOB NOT NULL
        ) STRICT;
        """,
    ),
    (
        3,
        """
        CREATE TABLE preference (
            name TEXT PRIMARY KEY,
            value TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        ALTER TABLE finding ADD COLUMN lowered TEXT NOT NULL DEFAULT '';
        ALTER TABLE finding ADD COLUMN approved_until INTEGER;
        """,
    ),
    (
        4,
        """
        -- What the pages draw, so that no page counts a million rows. Kept by the table itself: whoever inserts or
        -- deletes page loads, in whatever way, leaves the counts right in the same transaction.
        CREATE TABLE page_quarter (
            start INTEGER NOT NULL,
            kind INTEGER NOT NULL,
            count INTEGER NOT NULL,
            last_at INTEGER NOT NULL,
            PRIMARY KEY (start, kind)
        ) STRICT, WITHOUT ROWID;

        INSERT INTO page_quarter (start, kind, count, last_at)
            SELECT at - at % 900000, kind, count(*), max(at) FROM page_load GROUP BY 1, 2;

        CREATE TRIGGER page_load_counted AFTER INSERT ON page_load BEGIN
            INSERT INTO page_quarter (start, kind, count, last_at)
                VALUES (NEW.at - NEW.at % 900000, NEW.kind, 1, NEW.at)
                ON CONFLICT (start, kind) DO UPDATE SET count = count + 1, last_at = max(last_at, excluded.last_at);
        END;
        CREATE TRIGGER page_load_uncounted AFTER DELETE ON page_load BEGIN
            UPDATE page_quarter SET count = count - 1 WHERE start = OLD.at - OLD.at % 900000 AND kind = OLD.kind;
            DELETE FROM page_quarter WHERE start = OLD.at - OLD.at % 900000 AND kind = OLD.kind AND count = 0;
        END;

        CREATE INDEX page_load_at ON page_load (at);
        CREATE INDEX finding_closed_at ON finding (closed_at);
        """,
    ),
    (
        5,
        """
        -- Which entries are acts, so that a page of the history walks over its own acts and no other entries. What is
        -- compared with is `"kind":"act"` in bytes; a query uses the index when it says the same words.
        CREATE INDEX ledger_entry_act ON ledger_entry (entry) WHERE instr(bytes, x'226b696e64223a2261637422');
        """,
    ),
    (
        6,
        """
        -- Pauses that are over, for as long as page loads of that time can still come. No gate's row tells of one.
        CREATE TABLE pause (
            since INTEGER PRIMARY KEY,
            until INTEGER NOT NULL
        ) STRICT;
        """,
    ),
    (
        7,
        """
        -- How many rows the tables hold that grow for as long as the agent is used, so that no page counts them. Kept
        -- by the tables themselves, in the transaction that inserts or deletes.
        CREATE TABLE row_count (
            name TEXT PRIMARY KEY,
            count INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        INSERT INTO row_count (name, count) VALUES
            ('ledger_content', (SELECT count(*) FROM ledger_content)),
            ('ledger_cosignature', (SELECT count(*) FROM ledger_cosignature)),
            ('act', (SELECT count(*) FROM act)),
            ('gate', (SELECT count(*) FROM gate));

        CREATE TRIGGER ledger_content_counted AFTER INSERT ON ledger_content
            BEGIN UPDATE row_count SET count = count + 1 WHERE name = 'ledger_content'; END;
        CREATE TRIGGER ledger_content_uncounted AFTER DELETE ON ledger_content
            BEGIN UPDATE row_count SET count = count - 1 WHERE name = 'ledger_content'; END;
        CREATE TRIGGER act_counted AFTER INSERT ON act
            BEGIN UPDATE row_count SET count = count + 1 WHERE name = 'act'; END;
        CREATE TRIGGER act_uncounted AFTER DELETE ON act
            BEGIN UPDATE row_count SET count = count - 1 WHERE name = 'act'; END;
        CREATE TRIGGER gate_counted AFTER INSERT ON gate
            BEGIN UPDATE row_count SET count = count + 1 WHERE name = 'gate'; END;
        CREATE TRIGGER gate_uncounted AFTER DELETE ON gate
            BEGIN UPDATE row_count SET count = count - 1 WHERE name = 'gate'; END;

        -- A witness may sign the same checkpoint again, which replaces its line: SQLite tells no trigger of what it
        -- replaces, so a row counts before it is inserted, and only where there is none.
        CREATE TRIGGER ledger_cosignature_counted BEFORE INSERT ON ledger_cosignature
            WHEN NOT EXISTS (SELECT 1 FROM ledger_cosignature
                WHERE log = NEW.log AND size = NEW.size AND witness = NEW.witness)
            BEGIN UPDATE row_count SET count = count + 1 WHERE name = 'ledger_cosignature'; END;
        CREATE TRIGGER ledger_cosignature_uncounted AFTER DELETE ON ledger_cosignature
            BEGIN UPDATE row_count SET count = count - 1 WHERE name = 'ledger_cosignature'; END;
        """,
    ),
)
"""Version reached, and the SQL that reaches it from the version before. Never edit one that was released."""

VERSION: Final = MIGRATIONS[-1][0]
"""The version this release reads and writes."""

FIELDS: Final[Mapping[str, Mapping[str, str]]] = {
    "migration": {
        "version": "A version of these tables.",
        "at": "When this database got it.",
    },
    "client": {
        "id": "A small number for this browser's extension, used inside the database only.",
        "client": "The random id that the extension made for its own queue.",
        "browser": "Which browser it is, such as chromium or firefox.",
        "browser_version": "The browser's major version.",
        "extension_version": "The extension's release.",
        "waiting": "How many page loads the extension said were waiting to be stored.",
        "dropped": "How many page loads the extension said it gave up.",
        "lost": "How many page loads the extension said were lost when the browser last closed.",
        "seen_at": "When the extension last connected.",
        "acked": "The number of the last page load of this extension that was stored, so that none is stored twice.",
        "acked_at": "When something of this extension was last stored.",
    },
    "page_kind": {
        "id": "A small number for one pair of platform and page class, used inside the database only.",
        "platform": "The platform, such as linkedin.",
        "page_class": "The kind of page, such as profile or search. Never which one.",
    },
    "page_load": {
        "id": "A running number.",
        "client": "Which browser's extension saw it (the small number in client).",
        "seq": "The extension's own running number for it.",
        "kind": "Platform and page class (the small number in page_kind).",
        "at": "When the page was opened.",
        "marks": "Two yes-or-no marks: first visit in this browser session; its number follows the one before.",
    },
    "page_quarter": {
        "start": "The quarter of an hour, by when it began.",
        "kind": "Platform and page class (the small number in page_kind).",
        "count": "How many page loads of that kind are kept from it. It goes down when they are deleted.",
        "last_at": "When the last of them was opened.",
    },
    "finding": {
        "id": "A random name for this finding.",
        "tool": "Which tool it is in our catalogue; or what it is instead: script: with the libraries that it uses "
        "and a fingerprint that tells your scripts apart, package:, program:, extension:, browser:, cadence:, unread:.",
        "name": "What people call the tool.",
        "family": "What sort of tool it is, such as scraper-framework.",
        "stage": "How far it got: installed, running or collecting.",
        "confidence": "How sure we are, from 0 to 1.",
        "level": "How sure we are, in words.",
        "flagged": "Whether you were warned about it.",
        "modes": "In which ways it was asked for many pages at once: list, recursion, channel, loop.",
        "platforms": "Which platforms it talked to.",
        "first_seen": "When it was first seen.",
        "last_seen": "When it was last seen.",
        "count": "How many times it was started.",
        "processes": "For each process behind it: its number, when it started, and the program's base name.",
        "evidence": "For each reason: the kind of evidence, the rule that spoke, its weight, and names or counts "
        "put into a fixed sentence. Never an argument, an address or a line of code.",
        "techniques": "Public technique ids (ATT&CK, OWASP) that describe it.",
        "answer": "What you answered: approved, stopped, mistaken or not me.",
        "answered_at": "When you answered.",
        "held_until": "Until when nothing about it may be reported.",
        "closed_at": "When it was closed. It is deleted some time after that.",
        "lowered": "Why what surrounds the tool speaks for ordinary work, such as a test runner; often empty.",
        "approved_until": "Until when your organisation has approved this use, where it has.",
    },
    "ledger_key": {
        "id": "Always 1: there is one key.",
        "seed": "The random secret with which the ledger is signed, and from which its name and the name that stands "
        "for you in records are drawn. It never leaves this database.",
    },
    "ledger_log": {
        "number": "Which of the ledger's logs, from 1; a new one begins when one is closed.",
        "first": "The number of its first entry.",
    },
    "ledger_entry": {
        "entry": "The entry's number.",
        "bytes": "Which kind of entry, when, and a fingerprint of its content that nobody can guess from. For erased "
        "entries and closed logs also which ones.",
        "nodes": "The fingerprint of the entry, and of each part of the tree that is complete with it.",
    },
    "ledger_checkpoint": {
        "log": "Which log.",
        "size": "How many entries it covers.",
        "number": "A running number without gaps.",
        "note": "The signed statement: name of the log, how many entries, fingerprint of all of them.",
    },
    "ledger_cosignature": {
        "log": "Which log.",
        "size": "How many entries the checkpoint covers that was signed.",
        "witness": "The witness's name.",
        "line": "Its signature, with the time at which it saw the checkpoint.",
    },
    "ledger_content": {
        "entry": "The entry that it belongs to.",
        "key": "The key of its content. Deleted when the content is erased.",
        "salt": "What makes its fingerprint impossible to guess. Deleted when the content is erased.",
        "sealed": "The entry's content, encrypted with a key of its own: for an act everything listed under act, and "
        "your own words where you wrote some; for a gate what is listed under gate; for a notice its fingerprint, "
        "name, version and language; for a finding its id, tool, kind of tool, stage, level and whether you were "
        "warned; for a start of the agent its release and mode; for an update both releases; for a policy its "
        "fingerprint and the jurisdiction; for rules the fingerprint of ours with the list of tools, and that of your "
        "organisation's; for an erasure what was asked for and where.",
    },
    "notice_text": {
        "sha256": "The text's fingerprint.",
        "notice": "Which notice.",
        "version": "Its version.",
        "language": "Its language.",
        "text": "The exact text that was shown, kept once.",
    },
    "act": {
        "entry": "The act's number in the ledger.",
        "purpose": "Which purpose the act is about.",
        "kind": "What was done: shown, acknowledged, authorised, objected, given, refused, withdrawn, expired, "
        "answered or disputed.",
        "at": "When it was done.",
        "notice_sha256": "The fingerprint of the exact text that was shown.",
        "channel": "Where it was done: page, extension, terminal, desktop notice, by the clock, or by a test instance "
        "itself.",
        "language": "The language of that text.",
        "control": "Which button, switch or prompt was used.",
        "dwell_ms": "How many milliseconds lay between showing the text and the act.",
        "strength": "How sure it is who acted: a page opened by a one-time link, typed at a terminal, pressed in a "
        "browser's pop-up or on a desktop notice, or nobody.",
        "disputes": "For «that was not me»: the number of the act that is meant.",
        "finding": "For an answer: which finding.",
        "category": "For an answer: approved, stopped, mistaken or not me.",
    },
    "gate": {
        "entry": "The number of this state in the ledger.",
        "purpose": "Which purpose the gate belongs to.",
        "state": "Whether observing was allowed: open, waiting or closed.",
        "since": "From when this held.",
        "until": "When a waiting gate opens by itself.",
        "reason": "Why, as one of a few fixed reasons.",
    },
    "pause": {
        "since": "From when you paused watching.",
        "until": "Until when, or when you ended it.",
    },
    "outbox": {
        "id": "A running number.",
        "purpose": "Which purpose the report belongs to.",
        "made_at": "When it was made.",
        "body": "The report as it would be sent. This release makes none.",
    },
    "counter": {
        "name": "What is counted, such as refused messages of one kind.",
        "value": "How many there were.",
    },
    "row_count": {
        "name": "Which table.",
        "count": "How many rows it holds now.",
    },
    "preference": {
        "name": "Which choice of yours: elsewhere or pause.",
        "value": "For elsewhere: the code of the place in which you said that you do not work. For pause: from when "
        "until when you paused watching.",
    },
    "cursor": {
        "name": "Which part of the agent it belongs to.",
        "value": "The number of the last row that this part has worked through; for page loads that you had erased, of "
        "the last row that is still to be deleted, until it is.",
    },
}
"""Table → column → what is kept there, in plain words."""
