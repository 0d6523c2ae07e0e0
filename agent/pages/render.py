"""The template environment of every face: escaping on, a missing value is an error, filters that turn data into words.

`set_up` joins the shared templates with a face's own and puts them on its application; handlers then call
`aiohttp_jinja2.render_template`. Times come in as UTC milliseconds and go out as `<time>` elements: words for people in
their language, RFC 3339 for everything else. English dates are written by hand; those of other languages come from
Babel (Unicode CLDR), read when the first is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, tzinfo
from typing import Final

import aiohttp_jinja2
from aiohttp import web
from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from agent.model.ports import Clock
from agent.pages import language, markdown, words
from agent.pages.language import many, text

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def relative(at: int, now: int) -> str:
    """Say a time in words as seen from `now`, both UTC milliseconds: «5 minutes ago», «in 3 hours»."""
    seconds = (at - now) / 1000
    size, past = abs(seconds), seconds < 0
    if size < 10:
        return text("just now") if seconds <= 0 else text("in a moment")
    if size < _MINUTE:
        return _ago_seconds(int(size)) if past else many("in %(num)s second", "in %(num)s seconds", int(size))
    if size < _HOUR:
        minutes = round(size / _MINUTE)
        if past:
            return many("%(num)s minute ago", "%(num)s minutes ago", minutes)
        return many("in %(num)s minute", "in %(num)s minutes", minutes)
    if size < 2 * _DAY:
        hours = round(size / _HOUR)
        if past:
            return many("%(num)s hour ago", "%(num)s hours ago", hours)
        return many("in %(num)s hour", "in %(num)s hours", hours)
    days = round(size / _DAY)
    return (
        many("%(num)s day ago", "%(num)s days ago", days) if past else many("in %(num)s day", "in %(num)s days", days)
    )


def _ago_seconds(number: int) -> str:
    return many("%(num)s second ago", "%(num)s seconds ago", number)


def calendar(at: int, zone: tzinfo | None) -> str:
    """Say a time by date and clock in the person's zone: «Mon 23 Nov 2026, 12:08»."""
    moment = _moment(at).astimezone(zone)
    if language.current() != "en":
        from babel.dates import format_skeleton

        # Babel would tell the time in UTC unless the moment has lost its zone, which is the person's already.
        day = format_skeleton("yMMMEd", moment.replace(tzinfo=None), locale=language.current())
        return f"{day}, {moment:%H:%M}"
    # Built by hand: `%-d` is not known to every system's strftime, and names must not follow the agent's locale.
    return f"{_DAYS[moment.weekday()]} {moment.day} {_MONTHS[moment.month - 1]} {moment.year}, {moment:%H:%M}"


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC)


def _time_element(at: int, said: str, zone: tzinfo | None) -> Markup:
    stamp = _moment(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(stamp, calendar(at, zone), said)


def set_up(app: web.Application, package: str, *, clock: Clock, zone: tzinfo | None = None) -> Environment:
    """Give `app` the shared templates (as `pages/…`) and those of `package` (by their bare names).

    Args:
        app: The face's application.
        package: Import package whose `templates` folder holds the face's own.
        clock: What «ago» is measured from.
        zone: The person's time zone; None for the machine's.
    """
    own = PackageLoader(package, "templates")
    shared = PackageLoader("agent.pages", "templates")
    environment = aiohttp_jinja2.setup(
        app,
        loader=ChoiceLoader((own, PrefixLoader({"pages": shared}))),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        default_helpers=False,
        extensions=["jinja2.ext.i18n"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    # The callables look the language up at each call: it is the request's, not the environment's.
    environment.install_gettext_callables(language.unfilled, language.unfilled_many, newstyle=True)  # type: ignore[attr-defined]
    environment.globals["spoken"] = language.current
    filters: dict[str, Callable[..., object]] = {
        "ago": lambda at: _time_element(at, relative(at, clock.now()), zone),
        "date": lambda at: _time_element(at, calendar(at, zone), zone),
        "say": words.say,
        "listed": lambda items: language.listed([str(item) for item in items]),
        "say_all": _say_all,
        "at_start": words.at_start,
        "thousands": language.thousands,
        "decimal": language.decimal,
        "notice": markdown.to_html,
        "done": words.done,
        "told": language.told,
        "named": language.told_plain,
        "when": lambda said, at: _with_moment(said, at, zone),
    }
    environment.filters.update({name: _each_time(said) for name, said in filters.items()})
    return environment


def _each_time(said: Callable[..., object]) -> Callable[..., object]:
    """Have a filter asked at each rendering: of fixed words Jinja would keep what the first reader's language said."""

    @pass_context
    def asked(_context: Context, *values: object, **named: object) -> object:
        return said(*values, **named)

    return asked


def _with_moment(said: str, at: int | None, zone: tzinfo | None) -> Markup:
    """Put a moment into its place, `%(when)s`, in a sentence that is otherwise filled."""
    before, place, after = said.partition("%(when)s")
    if not place or at is None:
        return escape(said)
    return escape(before) + _time_element(at, calendar(at, zone), zone) + escape(after)


def _say_all(keys: Iterable[str], kind: str) -> list[str]:
    return [words.say(key, kind) for key in keys]
