// What is offered about each purpose: the same choices as on the local page, both sides of the same size, taking back as
// easy as giving, and nothing to press where nothing can be said.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { OFF, SAID, SAID_FREELY, cardsOf, controlOf, noticeChoices, wordsOn } from "../../../extension/purposes.js";
import { speakWith } from "../../../extension/words.js";

const MESSAGES = JSON.parse(readFileSync(new URL("../../../extension/_locales/en/messages.json", import.meta.url), "utf8"));
speakWith({ getMessage: (key) => (key === "common_language" ? "en" : key), getUILanguage: () => "en" });

function purpose(fields = {}) {
  const { state = "closed", reason = "not_acknowledged", until = null, told = null, ...more } = fields;
  return {
    purpose: "security.detect-bulk-collection",
    optional: false,
    in_use: true,
    gate: { state, since: 1, until, reason: state === "open" ? "" : reason },
    standing: told === null ? null : { kind: told, at: 5, channel: "extension" },
    title: "A title",
    meaning: "A meaning.",
    basis: "a basis",
    categories: [],
    recipients: [],
    retention: "24 hours",
    expires_at: null,
    held: false,
    ...more,
  };
}

const optional = (fields = {}) => purpose({ purpose: "self.longer-history", optional: true, reason: "not_given", ...fields });
const onCard = (view, mode) => {
  const { mandatory, optional: others } = cardsOf([view], mode);
  return [...mandatory, ...others][0];
};
const offered = (view, mode = "personal") =>
  onCard(view, mode).choices.map((choice) => `${choice.act}:${choice.press ?? choice.say}`);
const together = (views, mode) => noticeChoices(views, mode).map((choice) => `${choice.act}:${choice.press}`);

test("whoever runs it for themselves starts it, does not start it, and stops it", () => {
  assert.deepEqual(together([purpose()], "personal"), ["acknowledged:start", "objected:not_start"]);
  assert.deepEqual(together([purpose({ state: "open", told: "acknowledged" })], "personal"), ["objected:stop"]);
  assert.deepEqual(offered(purpose()), ["acknowledged:common_start", "objected:common_do_not_start"]);
  assert.deepEqual(offered(purpose({ state: "open", told: "acknowledged" })), ["objected:common_stop"]);
  assert.deepEqual(offered(purpose({ reason: "objected", told: "objected" })), ["acknowledged:common_start"]);
});

test("at work a notice is acknowledged or objected to, and an objection is taken back", () => {
  assert.deepEqual(together([purpose()], "managed"), ["acknowledged:shown", "objected:object"]);
  assert.deepEqual(offered(purpose({ state: "open" }), "managed"), ["acknowledged:shown", "objected:object"]);
  assert.deepEqual(offered(purpose({ state: "open", told: "acknowledged" }), "managed"), ["objected:object"]);
  assert.deepEqual(offered(purpose({ state: "open", told: "objected" }), "managed"), ["acknowledged:take_back"]);
});

test("where the law asks for an authorisation, that is what is asked for", () => {
  const waits = purpose({ reason: "not_authorised" });
  assert.deepEqual(together([waits], "managed"), ["authorised:authorise", "objected:not_authorise"]);
  assert.deepEqual(offered(waits, "managed"), ["authorised:authorise", "objected:not_authorise"]);
  assert.deepEqual(offered(purpose({ reason: "objected", told: "objected" }), "managed"), ["authorised:authorise"]);
  assert.deepEqual(offered(purpose({ state: "open", told: "authorised" }), "managed"), ["objected:object"]);
});

test("an optional purpose is off until it is allowed, and withdrawn by one press", () => {
  for (const mode of ["personal", "managed", "test"]) {
    assert.deepEqual(offered(optional(), mode), ["given:agree", "refused:refuse"]);
    assert.deepEqual(offered(optional({ state: "open", told: "given" }), mode), ["withdrawn:withdraw"]);
    assert.deepEqual(offered(optional({ reason: "paused", told: "given" }), mode), ["given:agree", "withdrawn:withdraw"]);
    for (const told of ["refused", "withdrawn"])
      assert.deepEqual(offered(optional({ reason: told, told }), mode), ["given:agree"]);
    assert.deepEqual(offered(optional({ reason: "expired", told: "expired" }), mode), ["given:agree", "refused:refuse"]);
  }
});

test("what was said to an earlier notice holds no longer: both sides are offered again", () => {
  assert.deepEqual(offered(purpose({ reason: "not_acknowledged", told: "acknowledged" }), "managed"), [
    "acknowledged:shown",
    "objected:object",
  ]);
});

test("before the notice was shown nothing can be answered, and a law without a notice leaves nothing to press", () => {
  for (const reason of ["notice_not_shown", "notice_changed"]) {
    const { unread, mandatory, optional: others } = cardsOf([purpose({ reason }), optional()], "managed");
    assert.ok(unread);
    for (const card of [...mandatory, ...others]) assert.deepEqual(card.choices, []);
  }
  assert.deepEqual(together([purpose({ reason: "language_missing" })], "managed"), []);
  assert.deepEqual(offered(purpose({ reason: "language_missing" }), "managed"), []);
});

test("what is not in use is told and asks nothing", () => {
  const { mandatory, optional: others, unused } = cardsOf([purpose({ in_use: false }), optional({ in_use: false })], "managed");
  assert.deepEqual([mandatory, others], [[], []]);
  assert.equal(unused.length, 2);
});

test("a card says whether it is on, and why not", () => {
  const said = (view, mode = "managed") => [onCard(view, mode).tone, onCard(view, mode).state];
  assert.deepEqual(said(purpose({ state: "open" })), ["on", "common_on_since"]);
  assert.deepEqual(said(purpose({ state: "waiting", reason: "lead_days", until: 9 })), ["waiting", "common_starts_at"]);
  assert.deepEqual(said(purpose({ state: "waiting", reason: "paused", until: 9 })), ["waiting", "common_paused_until"]);
  assert.deepEqual(said(purpose()), ["waiting", "common_off_not_acknowledged"]);
  assert.deepEqual(said(purpose(), "personal"), ["waiting", "common_off_until_you_start"]);
  assert.deepEqual(said(purpose({ reason: "objected" }), "personal"), ["off", "common_off_you_stopped"]);
  assert.deepEqual(said(optional()), ["off", "common_off_not_given"]);
  assert.deepEqual(said(purpose({ reason: "toString" })), ["off", "common_off_closed"]);
});

test("what stands on record is told in the words of who decides here", () => {
  const standing = (view, mode) => onCard(view, mode).standing;
  assert.equal(standing(purpose({ told: "acknowledged" }), "managed"), "common_said_acknowledged");
  assert.equal(standing(purpose({ told: "acknowledged" }), "personal"), "common_said_started");
  assert.equal(standing(purpose(), "managed"), "common_said_nothing");
  assert.equal(standing(optional(), "managed"), "common_said_nothing_optional");
  const self = { ...purpose(), standing: { kind: "acknowledged", at: 1, channel: "self" } };
  assert.equal(standing(self, "test"), "common_said_by_itself");
});

test("a button that the notice names carries the notice's words", () => {
  assert.equal(wordsOn({ act: "given", press: "agree" }, { agree: "Ich erlaube das" }), "Ich erlaube das");
  assert.equal(wordsOn({ act: "given", press: "agree" }, {}), "agree");
  assert.equal(wordsOn({ act: "objected", say: "common_stop" }, {}), "common_stop");
});

test("the record's name of every button is one that the protocol takes", () => {
  for (const page of ["welcome", "options"])
    for (const act of ["shown", "acknowledged", "authorised", "objected", "given", "refused", "withdrawn"])
      assert.match(controlOf(page, act), /^[a-z_.]{1,64}$/);
});

test("every reason and every act has its text", () => {
  for (const key of [...Object.values(OFF), ...Object.values(SAID), ...Object.values(SAID_FREELY)])
    assert.ok(MESSAGES[key]?.message, key);
});
