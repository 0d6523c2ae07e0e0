"""Text of a rule file → rules in our form, and a refusal with its line for each that cannot be used.

pySigma reads every document; `convert.py` takes its condition over. pySigma says what is wrong but not where, so the
line is found by trying the parts of the rule one by one. Nothing that stands in a file raises: whatever goes wrong with
one document becomes its refusal.

This module loads pySigma (about 20 MB): the daemon uses `apart.py`, which runs it in a process of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast

import msgspec
import re2
from sigma.collection import SigmaCollection
from sigma.correlations import SigmaCorrelationCondition, SigmaCorrelationRule
from sigma.exceptions import (
    SigmaConditionError,
    SigmaCorrelationConditionError,
    SigmaCorrelationTypeError,
    SigmaError,
    SigmaLogsourceError,
    SigmaTimespanError,
)
from sigma.policy import SigmaPolicy
from sigma.policy.regex_engine import RegexEngine, RegexPattern
from sigma.rule import SigmaRule
from sigma.rule.detection import SigmaDetection

from agent.detection.sigma.convert import Converter, Unsupported
from agent.detection.sigma.files import read_files
from agent.detection.sigma.form import (
    Correlation,
    CorrelationType,
    LogSource,
    Node,
    Operator,
    Or,
    Parsed,
    Refusal,
    Rule,
    RuleSet,
)
from agent.detection.sigma.link import link
from agent.detection.sigma.regex import MAX_MEMORY
from agent.detection.sigma.yaml_text import Document, Unreadable, documents

MAX_CONDITION: Final = 10_000
"""Characters of one condition."""
MAX_WORK: Final = 500_000
"""Names in the condition times values in the detections: what resolving the names may make of a rule."""
MAX_CUSTOM: Final = 16 * 1024
"""Bytes of JSON under the key `gleanwatch`."""
MAX_REASON: Final = 400
MAX_COUNT: Final = 10_000
"""The largest threshold of a correlation: so many events must be remembered."""

_TYPES: Final = frozenset({"event_count", "value_count", "value_sum", "value_avg", "temporal", "temporal_ordered"})
_LOGSOURCE: Final = frozenset({"category", "product", "service", "definition"})
_RISING: Final = frozenset({"gt", "gte", "eq"})


class _Refused(ValueError):
    """A rule cannot be used; `path` leads to the part that is at fault, `field` to the test within it."""

    def __init__(self, reason: str, *path: str, field: str | None = None) -> None:
        super().__init__(reason)
        self.path = path
        self.field = field


class _QuietRe2(RegexEngine):
    """RE2 for pySigma's own checks, within our limits: Python's engine could be made to run for ever."""

    def compile(self, pattern: str, flags: int = 0) -> RegexPattern:
        options = re2.Options()
        options.log_errors = False
        options.max_mem = MAX_MEMORY
        options.case_sensitive = not flags & re.IGNORECASE
        options.dot_nl = bool(flags & re.DOTALL)
        return cast(RegexPattern, re2.compile(f"(?m){pattern}" if flags & re.MULTILINE else pattern, options))

    @property
    def error(self) -> type[Exception]:
        return cast(type[Exception], re2.error)


_POLICY: Final = SigmaPolicy(regex_engine=_QuietRe2())


def parse_in_process(folder: Path) -> RuleSet:
    """Read every rule below a folder here and now: for tests and benches, of files that one trusts not to be slow."""
    read, refused = read_files(folder)
    return link([*(parse_text(text, name) for name, text in read), Parsed(refusals=refused)])


def parse_text(text: str, file: str) -> Parsed:
    """Read one file.

    Args:
        text: YAML, one or several documents.
        file: What to call it in refusals.

    Returns:
        What could be used and what was refused. References of correlations are not resolved yet.
    """
    rules: list[Rule | Correlation] = []
    refusals: list[Refusal] = []
    number = 0
    for document in _documents(text):
        number += 1
        if isinstance(document, Unreadable):
            refusals.append(Refusal(file, None, "", document.line, _sentence(document)))
            continue
        try:
            rules.append(_rule(document, file, f"{Path(file).stem}#{number}"))
        except _Refused as problem:
            line = document.line(*problem.path)
            if problem.field is not None:
                line = document.line_within(*problem.path, field=problem.field)
            refusals.append(_refusal(document, file, line, problem))
        except (SigmaError, RecursionError) as problem:
            refusals.append(_refusal(document, file, document.line(), problem))
        except Exception as problem:  # pySigma stumbles over nonsense in many ways; each costs one rule
            strange = _Refused(f"it is not a Sigma rule ({type(problem).__name__} while it was read)")
            refusals.append(_refusal(document, file, document.line(), strange))
    return Parsed(tuple(rules), tuple(refusals))


def _documents(text: str) -> Iterator[Document | Unreadable]:
    try:
        yield from documents(text)
    except Unreadable as problem:
        yield problem


def _rule(document: Document, file: str, otherwise: str) -> Rule | Correlation:
    data = document.data
    if not isinstance(data, dict):
        raise _Refused("a rule is a mapping with title, logsource and detection; this is something else")
    if "action" in data:
        raise _Refused("collections with «action» are no longer Sigma; write each rule out", "action")
    if "filter" in data:
        raise _Refused("Sigma filters are not supported; put the exception into the rule itself", "filter")
    about = _about(document, file, otherwise)
    if "correlation" in data:
        return _correlation(document, about)
    return _detection(document, about)


def _about(document: Document, file: str, otherwise: str) -> dict[str, Any]:
    data = document.data
    custom = data.get("gleanwatch", {})
    if not isinstance(custom, dict):
        raise _Refused("«gleanwatch» must be a mapping", "gleanwatch")
    try:
        encoded = msgspec.json.encode(custom)
        plain = msgspec.json.decode(encoded, type=dict[str, Any])
    except (TypeError, ValueError, RecursionError):
        raise _Refused(
            "«gleanwatch» holds something that is neither text, number, list nor mapping", "gleanwatch"
        ) from (None)
    if len(encoded) > MAX_CUSTOM:
        raise _Refused(f"«gleanwatch» has more than {MAX_CUSTOM} bytes", "gleanwatch")
    identity, name = data.get("id"), data.get("name")
    return {
        "id": str(identity).lower() if identity is not None else str(name) if name is not None else otherwise,
        "name": name if isinstance(name, str) else None,
        "title": str(data.get("title")),
        "description": str(data.get("description") or ""),
        "level": _word(data.get("level")),
        "status": _word(data.get("status")),
        "tags": tuple(str(tag) for tag in data.get("tags") or ()),
        "custom": plain,
        "file": file,
        "line": document.line(),
    }


def _word(value: object) -> str | None:
    return value.lower() if isinstance(value, str) else None


# Rules about one event


def _detection(document: Document, about: dict[str, Any]) -> Rule:
    data = document.data
    _check_shape(data)
    try:
        rule = SigmaRule.from_dict(data, policy=_POLICY)
    except SigmaError as problem:
        raise _located(problem, data) from None
    converter = Converter()
    try:
        trees: list[Node] = [converter.node(condition.parsed) for condition in rule.detection.parsed_condition]
    except SigmaConditionError as problem:
        raise _Refused(_said(problem), "detection", "condition") from None
    except SigmaError as problem:
        raise _located(problem, data) from None
    except Unsupported as problem:
        raise _Refused(str(problem), "detection", field=problem.field or "") from None
    source = rule.logsource
    where = LogSource(*(_folded(value) for value in (source.category, source.product, source.service)))
    return Rule(**about, logsource=where, condition=trees[0] if len(trees) == 1 else Or(tuple(trees)))


def _folded(value: str | None) -> str | None:
    return value.casefold() if value else None


def _check_shape(data: dict[str, Any]) -> None:
    """Refuse what pySigma would take without a word, or could be kept busy with."""
    source = data.get("logsource")
    if isinstance(source, dict) and (unknown := sorted(str(key) for key in source.keys() - _LOGSOURCE)):
        raise _Refused(f"the log source's «{unknown[0]}» is not known; it would be ignored", "logsource", unknown[0])
    detection = data.get("detection")
    if not isinstance(detection, dict):
        return
    if "timeframe" in detection:
        raise _Refused("«timeframe» is no longer Sigma; write a correlation rule", "detection", "timeframe")
    conditions = detection.get("condition")
    conditions = conditions if isinstance(conditions, list) else [conditions]
    names = 0
    for condition in conditions:
        if not isinstance(condition, str):
            raise _Refused("a condition is text, such as «selection and not filter»", "detection", "condition")
        if len(condition) > MAX_CONDITION:
            raise _Refused(f"the condition has more than {MAX_CONDITION} characters", "detection", "condition")
        names += len(re.findall(r"[^\s()]+", condition))
    if names * _values(detection) > MAX_WORK:
        raise _Refused("the condition names too many values, one by one or by selectors", "detection", "condition")


def _values(detection: dict[str, Any]) -> int:
    count, waiting = 0, [value for name, value in detection.items() if name != "condition"]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        else:
            count += 1
    return count


def _located(problem: SigmaError, data: dict[str, Any]) -> _Refused:
    """Return a refusal that knows where pySigma stumbled: each part of the detection is tried alone."""
    reason = _said(problem)
    if isinstance(problem, SigmaConditionError):
        return _Refused(reason, "detection", "condition")
    if isinstance(problem, SigmaLogsourceError):
        return _Refused(reason, "logsource")
    detection = data.get("detection")
    for name, definition in detection.items() if isinstance(detection, dict) else ():
        if name == "condition" or not _fails(definition):
            continue
        for part in definition if isinstance(definition, list) else [definition]:
            for key, value in part.items() if isinstance(part, dict) else ():
                if _fails({key: value}):
                    return _Refused(reason, "detection", str(name), field=str(key))
        return _Refused(reason, "detection", str(name))
    said = reason.lower()
    for key in data:
        if re.search(rf"\b{re.escape(str(key).lower())}\b", said) or (key == "id" and "identifier" in said):
            return _Refused(reason, str(key))
    return _Refused(reason)


def _fails(definition: Any) -> bool:
    try:
        SigmaDetection.from_definition(definition, policy=_POLICY)
    except Exception:  # whatever it is: the question is only whether
        return True
    return False


# Correlations


def _correlation(document: Document, about: dict[str, Any]) -> Correlation:
    data = document.data
    body = data["correlation"]
    if isinstance(body, dict) and isinstance(body.get("condition"), str):
        raise _Refused(
            "conditions in words over several rules are not supported; list the rules and use «temporal»",
            "correlation",
            "condition",
        )
    try:
        rule = SigmaCorrelationRule.from_dict(data, policy=_POLICY)
        SigmaCollection([rule], resolve_references=False)
    except SigmaError as problem:
        raise _Refused(_said(problem), *_correlation_part(problem, body)) from None
    kind = rule.type.name.lower()
    if kind not in _TYPES:
        raise _Refused(f"the correlation type «{kind}» is not supported", "correlation", "type")
    condition = rule.condition
    if not isinstance(condition, SigmaCorrelationCondition):
        raise _Refused("this kind of condition is not supported", "correlation", "condition")
    references = tuple(dict.fromkeys(_text(each.reference, "rules") for each in rule.rules or ()))
    if not references:
        raise _Refused("a correlation refers to at least one rule", "correlation", "rules")
    if kind == "temporal_ordered" and len(references) != len(rule.rules or ()):
        raise _Refused("«temporal_ordered» cannot name the same rule twice", "correlation", "rules")
    op = cast(Operator, condition.op.name.lower())
    fields = condition.fieldref if isinstance(condition.fieldref, list) else [condition.fieldref]
    named = tuple(_text(field, "condition") for field in fields if field is not None)
    _check_condition(kind, op, condition.count, len(references), named)
    return Correlation(
        **about,
        type=cast(CorrelationType, kind),
        rules=references,
        group_by=tuple(rule.group_by or ()),
        aliases={
            str(alias.alias): {
                _text(reference.reference, "aliases"): _text(field, "aliases")
                for reference, field in alias.mapping.items()
            }
            for alias in rule.aliases
        },
        span_ms=rule.timespan.seconds * 1000,
        op=op,
        count=condition.count,
        fields=named,
        generate=rule.generate,
    )


def _text(value: object, key: str) -> str:
    if not isinstance(value, str) or not value:
        raise _Refused(f"«{key}» must hold names", "correlation", key)
    return value


def _check_condition(kind: str, op: str, count: float, rules: int, fields: tuple[str, ...]) -> None:
    """Refuse conditions that cannot be decided at the moment an event comes."""
    here = ("correlation", "condition")
    if kind != "value_avg" and op not in _RISING:
        raise _Refused(
            f"«{op}» can only be decided when a time span is over; rules here are decided as events come: use gt, gte "
            "or eq",
            *here,
        )
    if not kind.startswith("value_s") and kind != "value_avg" and not 0 < count <= MAX_COUNT:
        raise _Refused(f"the count must lie between 1 and {MAX_COUNT}", *here)
    if kind in ("value_sum", "value_avg") and len(fields) != 1:
        raise _Refused(f"«{kind}» needs exactly one field", *here)
    if kind in ("event_count", "temporal", "temporal_ordered") and fields:
        raise _Refused(f"«{kind}» takes no field", *here)
    if kind.startswith("temporal"):
        least = count + 1 if op == "gt" else count
        if least > rules:
            raise _Refused(f"it asks for {least} rules and refers to {rules}", *here)
        if kind == "temporal_ordered" and least != rules:
            raise _Refused("«temporal_ordered» asks for all of its rules; leave the condition out", *here)


def _correlation_part(problem: SigmaError, body: Any) -> tuple[str, ...]:
    if isinstance(problem, SigmaTimespanError):
        return ("correlation", "timespan")
    if isinstance(problem, SigmaCorrelationTypeError):
        return ("correlation", "type")
    if isinstance(problem, SigmaCorrelationConditionError):
        return ("correlation", "condition")
    said = str(problem).lower().replace("group by", "group-by")
    keys = [key for key in body if str(key).lower() in said] if isinstance(body, dict) else []
    return ("correlation", str(keys[0])) if keys else ("correlation",)


# Refusals


def _refusal(document: Document, file: str, line: int, problem: Exception) -> Refusal:
    data = document.data if isinstance(document.data, dict) else {}
    identity, title = data.get("id"), data.get("title")
    return Refusal(
        file,
        str(identity)[:64] if identity is not None else None,
        title[:256] if isinstance(title, str) else "",
        line,
        _sentence(problem),
    )


def _said(problem: Exception) -> str:
    """Return what pySigma says, without the place that it appends for files it reads by itself."""
    return str(problem.args[0]) if problem.args else type(problem).__name__


def _sentence(problem: Exception) -> str:
    text = "it is too deeply nested" if isinstance(problem, RecursionError) else str(problem)
    printable = "".join(each if each.isprintable() else " " for each in text)
    short = " ".join(printable.split())
    return short if len(short) <= MAX_REASON else short[: MAX_REASON - 1] + "…"
