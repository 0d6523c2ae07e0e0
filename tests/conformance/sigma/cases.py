"""Sigma cases of other people: which event each rule must match. Read from where they lie, never copied into here.

Two places, each used where it is there: the vectors (`GLEANWATCH_VECTORS`, or `shared/vectors` beside the checkout),
whose events are `{logsources, fields}` already, and a checkout of SigmaHQ (`GLEANWATCH_SIGMAHQ`), whose regression data
are Windows events as JSON and are brought into that form here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.places import CHECKOUT

VECTORS = Path(os.environ.get("GLEANWATCH_VECTORS") or CHECKOUT.parent / "shared" / "vectors") / "sigma-regression"
SIGMAHQ = Path(os.environ["GLEANWATCH_SIGMAHQ"]) if os.environ.get("GLEANWATCH_SIGMAHQ") else None

SYSMON = {
    1: ["process_creation"], 2: ["file_change"], 3: ["network_connection"], 5: ["process_termination"],
    6: ["driver_load"], 7: ["image_load"], 8: ["create_remote_thread"], 9: ["raw_access_thread"],
    10: ["process_access"], 11: ["file_event"], 12: ["registry_event", "registry_add", "registry_delete"],
    13: ["registry_event", "registry_set"], 14: ["registry_event", "registry_rename"], 15: ["create_stream_hash"],
    17: ["pipe_created"], 18: ["pipe_created"], 22: ["dns_query"], 23: ["file_delete"], 26: ["file_delete"],
}  # fmt: skip
"""Sysmon's event numbers and the categories of Sigma's taxonomy."""

SERVICES = {
    "Security": "security", "System": "system", "Application": "application",
    "Windows PowerShell": "powershell-classic", "Microsoft-Windows-PowerShell/Operational": "powershell",
    "Microsoft-Windows-TaskScheduler/Operational": "taskscheduler",
    "Microsoft-Windows-Windows Defender/Operational": "windefend",
    "Microsoft-Windows-WMI-Activity/Operational": "wmi", "Microsoft-Windows-Bits-Client/Operational": "bits-client",
}  # fmt: skip
"""Windows' channels and the services of Sigma's taxonomy."""


@dataclass(frozen=True, slots=True)
class Event:
    """Where an event is from and its fields."""

    logsources: list[dict[str, str]]
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """A rule, and events of which at least one must match it."""

    rule_id: str
    events: list[Event]


def vector_cases() -> list[Case]:
    """Return the cases of the vectors; none where they are absent."""
    file = VECTORS / "cases.ndjson"
    if not file.exists():
        return []
    found = [json.loads(line) for line in file.read_text().splitlines()]
    return [Case(case["rule_id"], [Event(e["logsources"], e["fields"]) for e in case["events"]]) for case in found]


def sigmahq_cases() -> list[Case]:
    """Return the cases of SigmaHQ's regression data that are JSON; none where it is absent."""
    if SIGMAHQ is None:
        return []
    files = sorted((SIGMAHQ / "regression_data").rglob("*.json"))
    return [Case(file.stem, [windows(each) for each in _objects(file.read_text("utf-8-sig"))]) for file in files]


def windows(found: Mapping[str, Any]) -> Event:
    """Bring a Windows event, as its JSON has it, into the form that rules see."""
    event = found["Event"]
    system, data = event["System"], event.get("EventData") or event.get("UserData") or {}
    number = system["EventID"]
    number = int(number["#text"]) if isinstance(number, Mapping) else int(number)
    fields = {name.replace(" ", ""): value for name, value in _plain(data).items()}
    provider = system["Provider"]["#attributes"]["Name"]
    fields |= {"EventID": number, "Channel": system["Channel"], "Provider_Name": provider}
    if provider != "Microsoft-Windows-Sysmon":
        source = {"product": "windows"}
        service = SERVICES.get(system["Channel"])
        return Event([source | ({"service": service} if service else {})], fields)
    base = {"product": "windows", "service": "sysmon"}
    return Event([base | {"category": each} for each in SYSMON.get(number, [])] or [base], fields)


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the named values; of data without names (`UserData`) what lies one level below."""
    fields: dict[str, Any] = {}
    for name, value in data.items():
        if isinstance(value, Mapping) and not name.startswith("#"):
            fields |= {key: each for key, each in value.items() if not key.startswith("#")}
        elif not name.startswith("#"):
            fields[name] = value
    return fields


def _objects(text: str) -> Iterator[Mapping[str, Any]]:
    """Yield JSON objects that stand one after the other, or one list of them."""
    decoder, at = json.JSONDecoder(), 0
    while (at := len(text) - len(text[at:].lstrip())) < len(text):
        found, at = decoder.raw_decode(text, at)
        yield from found if isinstance(found, list) else [found]
