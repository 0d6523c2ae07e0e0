"""Sigma rules, evaluated in process, on a stream, by ourselves; pySigma only reads them.

The data's way, file by file:

    text of a rule file
      → yaml_text.py   documents that know their lines, within bounds
      → parse.py       pySigma reads each; convert.py takes its condition over, or refuses it with line and reason
      → form.py        plain rules of our own form, which travel as JSON
      → link.py        the rules of all files together: unique ids, references resolved → RuleSet

The daemon lets `apart.py` do this in a process that is gone afterwards; it holds rules, never pySigma.

    RuleSet → engine.py
      compile.py (leaves in match.py, regex.py)   a condition becomes a function of an event
      route.py                                    which rules look at events of these log sources
      witness.py → prefilter.py                   which of those an event can match at all, by what it holds
      correlation.py (window.py, tally.py)        what several matches over time mean together

    an event's fields
      → event.py       every text without its case, made once
      → Engine.match   → [Match]

`stream.py` wraps this for lines of JSON, `words.py` says a rule in English, `shipped.py` knows where our own rules lie.

    rules = await parse_apart([SHIPPED])
    engine = Engine(rules)
    for match in engine.match([{"category": "process_creation", "product": "linux"}], fields, at_ms): ...

Semantics are Sigma's (specification 2.1): text compares without case unless `cased`; regular expressions are RE2, count
case and are found anywhere; a missing field is null; any value of a list may match. What is laid down beyond that is
said in `event.py`, `match.py` and `correlation.py`.
"""

from agent.detection.sigma.apart import parse_apart
from agent.detection.sigma.engine import Engine, Match
from agent.detection.sigma.form import Correlation, LogSource, Refusal, Rule, RuleSet
from agent.detection.sigma.link import link
from agent.detection.sigma.shipped import SHIPPED

__all__ = [
    "SHIPPED",
    "Correlation",
    "Engine",
    "LogSource",
    "Match",
    "Refusal",
    "Rule",
    "RuleSet",
    "link",
    "parse_apart",
]
