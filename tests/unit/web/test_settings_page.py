"""Settings: every key of the policy and of the person's own file has words, and what is set is told as it is."""

from __future__ import annotations

import datetime

import pytest
from markupsafe import escape

from agent.model.purposes import Mode, Purpose, StartRule
from agent.settings.config import Config
from agent.settings.policy import (
    Approvals,
    Ledger,
    LegalReviewer,
    Monitoring,
    Organisation,
    Policy,
    Retention,
    Witness,
    flattened,
)
from agent.web.settings_words import Names, config_words, defaults_of, policy_settings, policy_words, told
from tests.unit.web.fake_face import FakeFace
from tests.unit.web.served import Page

LEAST = Policy(organisation=Organisation("Acme", "dpo@acme.example"), monitoring=Monitoring("NO"))
FULL = Policy(
    organisation=Organisation("Acme <Ltd>", "dpo@acme.example"),
    monitoring=Monitoring(
        "NO",
        lead_days=21,
        start=StartRule.SHOWN,
        purposes_off=(Purpose.LONGER_HISTORY,),
        platforms_off=("tiktok", "newcomer"),
    ),
    ledger=Ledger((Witness("witness.example+c74f20a3+BFpT", "https://witness.example/log"),)),
    retention=Retention(observations_hours=1),
    approvals=Approvals(("compliance.acme.example+b012f2ef+AQOh",)),
    legal_reviewer=LegalReviewer("A name that nobody is shown", datetime.date(2026, 11, 23)),
    supplement="Three more words",
)


def managed(policy: Policy) -> FakeFace:
    face = FakeFace(Mode.MANAGED)
    face.policy_values = flattened(policy)
    return face


async def text_of(page: Page, path: str) -> str:
    async with page.get(path) as answer:
        assert answer.status == 200, path
        return await answer.text()


def test_every_key_of_a_policy_has_words_and_no_words_are_left_over() -> None:
    assert set(policy_words()) == set(flattened(LEAST))
    assert all(one.title and one.means.endswith(".") for one in policy_words().values())


def test_every_key_of_a_persons_own_file_has_words_and_no_words_are_left_over() -> None:
    assert set(config_words()) == set(defaults_of(Config))
    assert all(one.title and one.means.endswith(".") for one in config_words().values())


def test_what_nobody_set_is_known_from_what_somebody_set() -> None:
    ours = {one.key: one.ours for one in policy_settings(flattened(LEAST), Names())}
    needed = {"organisation.name", "organisation.contact", "monitoring.jurisdiction"}
    assert {key for key, value in ours.items() if value is None} == needed
    assert {key for key, value in ours.items() if value is False} == set()
    changed = {one.key for one in policy_settings(flattened(FULL), Names()) if one.ours is False}
    assert changed == {
        "monitoring.lead_days", "monitoring.start", "monitoring.purposes_off", "monitoring.platforms_off",
        "ledger.witnesses", "retention.observations_hours", "approvals.keys", "legal_reviewer.name",
        "legal_reviewer.date", "supplement",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("monitoring.lead_days", 1, ("1 day",)),
        ("monitoring.lead_days", 14, ("14 days",)),
        ("detection.hold_hours", 24, ("24 hours",)),
        ("monitoring.platforms_off", ("x", "newcomer"), ("X", "newcomer")),
        ("monitoring.purposes_off", ("self.longer-history",), ("Longer history",)),
        ("monitoring.jurisdiction", "NO", ("Norway (NO)",)),
        ("ledger.witnesses", ({"key": "w+0+A", "url": "https://w.example"},), ("w (https://w.example)",)),
        ("references.dpia", "", ()),
        ("supplement", "One", ("A text of one word",)),
        ("of.another.release", 3, ("3",)),
    ],
)
def test_values_are_told_in_words(key: str, value: object, says: tuple[str, ...]) -> None:
    assert told(key, value, Names("Norway", {"self.longer-history": "Longer history"})) == says


@pytest.mark.parametrize("rule", list(StartRule))
def test_every_rule_of_starting_has_words(rule: StartRule) -> None:
    assert told("monitoring.start", rule.value, Names())[0].startswith("that ")


@pytest.mark.parametrize("face", [managed(FULL)])
async def test_the_page_tells_every_key_with_its_value_and_whose_it_is(inside: Page) -> None:
    text = await text_of(inside, "/settings")
    for key, words in policy_words().items():
        assert f"<code>{key}</code>" in text
        assert escape(words.title) in text
    for words in ("Acme &lt;Ltd&gt;", "21 days", "TikTok", "1 hour", "witness.example", "compliance.acme.example"):
        assert words in text
    assert text.count("Set by your organisation.") == 13
    assert "You can read this and not change it" in text
    assert '<form method="post" action="/policy' not in text
    assert "A name that nobody is shown" not in text, "docs/policy.md promises it"


async def test_without_an_organisation_the_page_says_so_and_what_is_the_persons(inside: Page) -> None:
    text = await text_of(inside, "/settings")
    assert "No organisation has set anything" in text
    assert "Set by your organisation" not in text
    for key in config_words():
        assert f"<code>{key}</code>" in text
    assert "I do not work there" not in text


@pytest.mark.parametrize("face", [managed(LEAST)])
async def test_ones_own_choices_are_one_press_each(inside: Page) -> None:
    for said, button in (("yes", "Show the law there again"), ("no", "I do not work there")):
        async with inside.post("/elsewhere", {"elsewhere": said}) as answer:
            assert answer.headers["Location"].startswith("/settings?said=")
        assert button in await text_of(inside, "/settings")
    text = await text_of(inside, "/settings")
    assert 'name="minutes" value="60"' in text
    assert '<a class="button is-chosen" href="/settings?lang=en"' in text


async def test_where_no_policy_names_a_place_there_is_nothing_to_hide(inside: Page) -> None:
    async with inside.post("/elsewhere", {"elsewhere": "yes"}) as answer:
        assert answer.status == 409
