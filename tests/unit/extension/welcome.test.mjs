// The conversation about notice and consent: nothing is answered that was not on the screen, `shown` goes on record once
// for each text, and every act names the text, the button and the time between.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ConsentDesk, NotSeen, languageFor, onRecord, readable, standOf } from "../../../extension/consent.js";
import { PURPOSE } from "../../../extension/gate.js";
import { speakWith } from "../../../extension/words.js";

speakWith({ getMessage: (key) => (key === "common_language" ? "en" : key), getUILanguage: () => "en" });

const notice = (more = {}) => ({ language: "en", text: "# A", sha256: "aa", mode: "personal", gates: [], press: {}, ...more });

/** A desk, what it asked, and an agent that can be told to fail. */
function desk({ page = "welcome", told = notice() } = {}) {
  const asked = [];
  const world = { time: 1_000, told, fails: null };
  const ask = async (what, fields) => {
    asked.push([what, fields]);
    if (world.fails?.(what, fields)) throw new Error("no");
    if (what === "notice") return world.told;
    return what === "purposes" ? { purposes: [] } : { gates: [], entries: [7] };
  };
  const acts = () => asked.filter(([what]) => what === "act").map(([, fields]) => fields);
  return { desk: new ConsentDesk({ ask, now: () => world.time, page }), world, asked, acts };
}

test("purposes are asked for in the language that the notice came in", async () => {
  const { desk: made, asked } = desk({ told: notice({ language: "nb" }) });
  await made.load("sv");
  assert.deepEqual(asked, [
    ["notice", { language: "sv" }],
    ["purposes", { language: "nb" }],
  ]);
});

test("nothing is allowed before the text was on the screen, and nothing is sent then", async () => {
  const { desk: made, acts } = desk();
  await made.load("en");
  for (const act of ["acknowledged", "authorised", "given"]) await assert.rejects(made.act(act, ""), NotSeen);
  assert.deepEqual(acts(), []);
});

test("a no needs no reading, and does not claim that the text was shown", async () => {
  const { desk: made, acts } = desk();
  await made.load("en");
  assert.deepEqual(await made.act("objected", ""), [7]);
  assert.deepEqual(acts(), [{ act: "objected", purpose: "", notice_sha256: "aa", control: "welcome.object", dwell_ms: 0 }]);
});

test("whoever presses with the text on the screen has been shown it: that goes first, with the time it was there", async () => {
  const { desk: made, world, acts } = desk();
  await made.load("en");
  made.visible();
  world.time += 1_500;
  made.visible();
  await made.act("acknowledged", "");
  assert.deepEqual(acts(), [
    { act: "shown", purpose: "", notice_sha256: "aa", control: "welcome.show", dwell_ms: 1_500 },
    { act: "acknowledged", purpose: "", notice_sha256: "aa", control: "welcome.acknowledge", dwell_ms: 1_500 },
  ]);
});

test("a text is reported as shown once; another text, or one in another language, anew", async () => {
  const { desk: made, world, acts } = desk();
  await made.load("en");
  made.visible();
  await made.seen();
  await made.seen();
  await made.load("en");
  await made.act("given", "self.longer-history");
  assert.deepEqual(acts().map(({ act }) => act), ["shown", "given"]);
  world.told = notice({ sha256: "bb" });
  await made.load("de");
  await assert.rejects(made.act("given", "self.longer-history"), NotSeen);
  made.visible();
  await made.seen();
  assert.deepEqual(acts().map(({ notice_sha256 }) => notice_sha256), ["aa", "aa", "bb"]);
});

test("a text whose showing was disputed is shown anew, and nothing is allowed until then", async () => {
  const gated = (reason) => notice({ gates: [{ purpose: PURPOSE, state: "closed", since: 1, until: null, reason }] });
  const { desk: made, world, acts } = desk({ told: gated("notice_not_shown") });
  await made.load("en");
  made.visible();
  await made.seen();
  await made.load("en");
  await made.seen();
  assert.deepEqual([made.rounds, acts().length], [1, 1], "an agent that goes on asking is not told for ever");
  world.told = gated("not_acknowledged");
  await made.load("en");
  world.told = gated("notice_not_shown");
  await made.load("en");
  assert.equal(made.rounds, 2);
  await assert.rejects(made.act("acknowledged", ""), NotSeen);
  made.visible();
  await made.act("acknowledged", "");
  assert.deepEqual(acts().map(({ act }) => act), ["shown", "shown", "acknowledged"]);
});

test("a text with something new allows nothing before its end was reached, though its time runs", async () => {
  const { desk: made, world, acts } = desk();
  await made.load("en");
  made.visible(false);
  await assert.rejects(made.act("acknowledged", ""), NotSeen);
  await made.act("objected", "");
  world.time += 900;
  made.visible(true);
  made.visible(false);
  await made.act("acknowledged", "");
  assert.deepEqual(acts().map(({ act, dwell_ms }) => [act, dwell_ms]), [["objected", 0], ["shown", 900], ["acknowledged", 900]]);
});

test("a line of the text at the edge of the window is not the text on the screen", () => {
  assert.deepEqual([0, 1, 199, 200, 800].map((seen) => readable(seen, 4_000, 800)), [false, false, false, true, true]);
  assert.deepEqual([99, 100].map((seen) => readable(seen, 4_000, 300)), [false, true], "a small window");
  assert.deepEqual([0, 30, 60].map((seen) => readable(seen, 60, 800)), [false, false, true], "a short text");
});

test("a failed report is made again, and an act is not recorded without it", async () => {
  const { desk: made, world, acts } = desk();
  await made.load("en");
  made.visible();
  world.fails = (_, fields) => fields.act === "shown";
  await assert.rejects(made.act("acknowledged", ""));
  assert.deepEqual(acts().map(({ act }) => act), ["shown"]);
  world.fails = null;
  await made.act("acknowledged", "");
  assert.deepEqual(acts().map(({ act }) => act), ["shown", "shown", "acknowledged"]);
});

test("the options page has not the text: it never says that it was shown", async () => {
  const { desk: made, acts } = desk({ page: "options" });
  await made.load("en");
  made.visible();
  await made.act("given", "self.longer-history");
  assert.deepEqual(acts().map(({ act, control }) => [act, control]), [["given", "options.allow"]]);
});

test("one sentence says whether watching is on", () => {
  const says = (mode, gate, choices = []) => {
    const { tone, says: words, means } = standOf(
      notice({ mode, gates: [{ purpose: PURPOSE, state: "closed", since: 1, until: null, reason: "", ...gate }] }),
      choices,
    );
    return [tone, words, means];
  };
  assert.deepEqual(says("personal", { reason: "notice_not_shown" }), ["waiting", "welcome_choice_personal", ""]);
  assert.deepEqual(says("personal", { state: "open" }), ["on", "welcome_choice_open", "welcome_choice_done"]);
  assert.deepEqual(says("personal", { reason: "objected" }), ["off", "welcome_choice_stopped", ""]);
  assert.deepEqual(says("managed", { state: "open" }), ["on", "welcome_on_since", "welcome_choice_managed"]);
  assert.deepEqual(says("managed", { state: "waiting", until: 9, reason: "lead_days" }), [
    "waiting",
    "welcome_starts",
    "welcome_choice_managed",
  ]);
  assert.deepEqual(says("managed", { reason: "not_authorised" }, [{ act: "authorised", press: "authorise" }]), [
    "waiting",
    "welcome_nothing_yet",
    "welcome_choice_authorise",
  ]);
  assert.deepEqual(says("personal", { state: "waiting", until: 9, reason: "paused" })[1], "welcome_choice_paused");
  assert.equal(says("managed", { reason: "language_missing" })[1], "welcome_language_missing");
  assert.equal(standOf(notice(), []).tone, "off");
});

test("a receipt is offered for what stands on record, and for nothing else", () => {
  const view = (entry, more = {}) => ({ in_use: true, title: `t${entry}`, standing: { kind: "given", entry }, ...more });
  const entries = onRecord([view(4), view(null), view(5, { in_use: false }), view(6, { standing: null }), view(0)]);
  assert.deepEqual(
    entries.map(({ entry }) => entry),
    [4, 0],
  );
});

test("the browser's language becomes one that the agent can have", () => {
  assert.deepEqual(["de-AT", "en_GB", "no", "nn-NO", "nb", "pt-BR", ""].map(languageFor), ["de", "en", "nb", "nb", "nb", "pt", ""]);
});

test("every text that the two pages name is there", () => {
  const read = (file) => readFileSync(new URL(`../../../extension/${file}`, import.meta.url), "utf8");
  const messages = JSON.parse(read("_locales/en/messages.json"));
  const pages = ["welcome.html", "welcome.js", "options.html", "options.js", "purposes.js", "consent.js", "diagnosis.js"];
  const named = pages.flatMap((file) => [...read(file).matchAll(/"((?:common|welcome|options)_[a-z_]+)"/g)].map(([, key]) => key));
  assert.ok(named.length > 150);
  assert.deepEqual(named.filter((key) => !messages[key]?.message), []);
});
