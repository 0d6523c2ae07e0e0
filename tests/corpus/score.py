"""From records to numbers: recall and false alarms by family with 95 % intervals, and every mistake by name.

Records are those of our runner or of the development corpus's, which have the same fields. Intervals are Wilson's
(E. B. Wilson, «Probable inference, the law of succession, and statistical inference», JASA 22, 1927), which stay
within 0 and 1 and are honest for the few cases a family has.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

Record = dict[str, Any]
RANKS = ("none", "inventory", "flag")
NORMAL_95 = 1.959964
LEAST_REQUESTS = 2
"""A case that made fewer did not get to collecting, whatever the reason."""


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Return the 95 % interval of a share, both ends 0 to 1; the whole range where nothing was counted."""
    if of == 0:
        return 0.0, 1.0
    share, square = hits / of, NORMAL_95**2
    scale = 1 + square / of
    middle = share + square / (2 * of)
    half = NORMAL_95 * math.sqrt(share * (1 - share) / of + square / (4 * of * of))
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def verdict(record: Record) -> str:
    """Return the strongest thing said of a case: `flag`, `inventory` or `none`."""
    said = [f.get("verdict", "none") for f in record.get("findings", [])]
    return max((v for v in said if v in RANKS), key=RANKS.index, default="none")


def flagged_after(record: Record) -> float | None:
    """Return the seconds from start to flag, None where it was not flagged or was already flagged before."""
    times = [f["seconds"] for f in record.get("findings", []) if f.get("seconds") is not None]
    return min(times, default=None)


def lines(records: Sequence[Record], *, latency: bool, reveal: bool) -> Iterator[str]:
    """Yield the report, line by line.

    Args:
        records: One a case.
        latency: Whether to print every flag's time.
        reveal: Whether to name the mistakes among the cases that are held out, too.
    """
    ran = [r for r in records if r["status"] == "ran"]
    yield f"{len(records)} cases, {len(ran)} ran"
    for split in sorted({r["split"] for r in ran}):
        of = [r for r in ran if r["split"] == split]
        yield from _numbers(split, of)
        if reveal or split != "holdout":
            yield from _mistakes(of)
    if latency:
        yield from _latency(ran)
    if left := [r for r in records if r["status"] != "ran"]:
        yield "not run:"
        yield from (f"  {r['id']}: {r['status']}: {' '.join(str(r.get('error', '')).split())[:200]}" for r in left)


def _by_label(ran: Sequence[Record]) -> tuple[list[Record], list[Record], list[Record]]:
    """Return what should be flagged, what may be listed, what should be left alone."""
    wanted, listed = [r for r in ran if r["label"] == "flag"], [r for r in ran if r["label"] == "inventory"]
    return wanted, listed, [r for r in ran if r["label"] == "none"]


def _numbers(name: str, ran: Sequence[Record]) -> Iterator[str]:
    wanted, listed, left_alone = _by_label(ran)
    yield f"== {name}"
    yield _share("recall", [verdict(r) == "flag" for r in wanted])
    yield _share("  at least listed", [verdict(r) != "none" for r in wanted])
    yield _share("false alarms (none → flag)", [verdict(r) == "flag" for r in left_alone])
    yield _share("  listed, though it should not be", [verdict(r) == "inventory" for r in left_alone if _strict(r)])
    yield _share("false alarms (inventory → flag)", [verdict(r) == "flag" for r in listed])
    yield from _families("recall", wanted)
    yield from _families("false alarms", [*left_alone, *listed])


def _traffic(record: Record) -> int:
    """Requests, or connections for programs that do not speak HTTP."""
    return max(record.get("requests") or 0, record.get("connections") or 0)


def _strict(record: Record) -> bool:
    return not record.get("allow_inventory")


def _mistakes(ran: Sequence[Record]) -> Iterator[str]:
    wanted, listed, left_alone = _by_label(ran)
    for title, wrong in (
        ("missed", [r for r in wanted if verdict(r) != "flag"]),
        ("false alarms", [r for r in [*left_alone, *listed] if verdict(r) == "flag"]),
        ("listed, though it should not be", [r for r in left_alone if _strict(r) and verdict(r) == "inventory"]),
        ("flagged only because an earlier case was", [r for r in wanted if _only_carried(r)]),
        ("hardly collected, so it says little", [r for r in wanted if _traffic(r) < LEAST_REQUESTS]),
    ):
        if wrong:
            yield f"  {title}:"
            for record in wrong:
                yield from _said(record)


def _families(what: str, records: Sequence[Record]) -> Iterator[str]:
    for family in sorted({r["family"] or "-" for r in records}):
        of = [r for r in records if (r["family"] or "-") == family]
        yield _share(f"  {what} · {family}", [verdict(r) == "flag" for r in of])


def _share(title: str, hits: Iterable[bool]) -> str:
    counted = list(hits)
    low, high = wilson(sum(counted), len(counted))
    share = f"{sum(counted)}/{len(counted)}"
    return f"  {title:<44}{share:>9}  95 % [{100 * low:5.1f}, {100 * high:5.1f}]"


def _only_carried(record: Record) -> bool:
    flags = [f for f in record.get("findings", []) if f.get("verdict") == "flag"]
    return bool(flags) and all(f.get("carried") and f.get("seconds") is None for f in flags)


def _said(record: Record) -> Iterator[str]:
    traffic = f"requests {record.get('requests')}, connections {record.get('connections')}"
    yield f"    {record['id']}  ({traffic}, lived {record.get('life_s')} s)"
    for finding in record.get("findings", []):
        words = f"{finding.get('verdict')} {finding.get('tool')} {finding.get('stage')} {finding.get('confidence')}"
        yield f"        {words}{' carried' if finding.get('carried') else ''}"
        for evidence in finding.get("evidence", []):
            yield f"          {evidence['class']}: {evidence['detail']}  [{evidence['rule']}]"


def _latency(ran: Sequence[Record]) -> Iterator[str]:
    times = sorted((t, r["id"]) for r in ran if (t := flagged_after(r)) is not None and r["label"] == "flag")
    if not times:
        return
    middle, most, last = _at(times, 0.5), _at(times, 0.9), times[-1][0]
    yield f"seconds from start to flag: median {middle:.1f}, 90 % within {most:.1f}, all within {last:.1f}"
    yield from (f"  {seconds:6.2f}  {name}" for seconds, name in reversed(times))


def _at(times: Sequence[tuple[float, str]], share: float) -> float:
    return times[min(len(times) - 1, math.ceil(share * len(times)) - 1)][0]
