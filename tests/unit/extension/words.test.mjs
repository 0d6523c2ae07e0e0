// Texts of the extension: each is there, each says what it is given, and numbers and times are of the same language.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { describe, it } from "node:test";

import { ago, date, fill, known, language, listed, many, number, say, span, speakWith } from "../../../extension/words.js";
import { speechOf } from "./english.mjs";

const folder = new URL("../../../extension/", import.meta.url);
const messages = JSON.parse(readFileSync(new URL("_locales/en/messages.json", folder), "utf8"));

describe("a text", () => {
  it("takes its values, and a key without a text is shown as it is", () => {
    assert.equal(say("common_button_title", "all is well"), "Gleanwatch: all is well");
    assert.equal(say("no_such_key"), "no_such_key");
    assert.equal(known("common_just_now"), true);
    for (const key of ["toString", "state_gate_<b>", "", "__proto__"]) assert.equal(known(key), false, key);
  });

  it("counts as its language counts", () => {
    assert.equal(many("common_messages_for_you", 1), "a message for you");
    assert.equal(many("common_messages_for_you", 1200), "1,200 messages for you");
  });

  it("is put into a page, with the language that it is in", () => {
    const nodes = ["state_open_title", "common_just_now"].map((key) => ({
      getAttribute: () => key,
      setAttribute(name, value) {
        this[name] = value;
      },
    }));
    const page = {
      documentElement: { lang: "" },
      querySelectorAll: (selector) => (selector === "[data-say]" ? [nodes[0]] : [nodes[1]]),
    };
    fill(page);
    assert.equal(page.documentElement.lang, "en");
    assert.equal(nodes[0].textContent, "Connected and watching");
    assert.equal(nodes[1]["aria-label"], "just now");
  });
});

describe("numbers, times and lists", () => {
  it("tell time in whole units, and the future as now", () => {
    const cases = [
      [0, "just now"],
      [-5_000, "just now"],
      [59_999, "59 seconds ago"],
      [60_000, "1 minute ago"],
      [3_599_999, "59 minutes ago"],
      [3_600_000, "1 hour ago"],
      [86_400_000, "1 day ago"],
      [200_000_000, "2 days ago"],
    ];
    for (const [past, words] of cases) assert.equal(ago(1e9 - past, 1e9), words);
    assert.equal(span(23 * 3_600_000 + 1_800_000), "23 hours");
    assert.equal(span(-1), "0 seconds");
  });

  it("are of the browser's kind of the language, and of the texts' language where the browser has one that we lack", () => {
    const at = Date.UTC(2026, 10, 24, 12);
    assert.equal(number(1200.5), "1,200.5");
    assert.equal(listed(["A", "B", "C"]), "A, B, and C");
    speakWith(speechOf("en", "en-GB"));
    assert.equal(listed(["A", "B", "C"]), "A, B and C");
    assert.match(date(at), /24 Nov 2026/);
    speakWith(speechOf("en", "ja"));
    assert.equal(language(), "en");
    assert.match(date(at), /Nov 24, 2026/);
    speakWith(speechOf("en"));
  });
});

describe("messages.json", () => {
  const files = readdirSync(folder).filter((name) => /\.(js|html)$/.test(name) && name !== "platforms.js");
  const source = files.map((name) => readFileSync(new URL(name, folder), "utf8").replaceAll(/^ *\/\/.*$/gm, "")).join("\n");

  it("has every key that is said or that a page names", () => {
    const said = [...source.matchAll(/(?<![#.])\b(?:say|sayIf)\("([a-z0-9_]+)"/g), ...source.matchAll(/data-say(?:-label)?="([^"]+)"/g)];
    const counted = [...source.matchAll(/\bmany\("([a-z0-9_]+)"/g)].flatMap(([, key]) => [`${key}_one`, `${key}_other`]);
    const missing = [...said.map(([, key]) => key), ...counted].filter((key) => !Object.hasOwn(messages, key));
    assert.deepEqual([...new Set(missing)], []);
    assert.ok(said.length > 60, "the patterns above still find them");
  });

  it("has short keys, plain texts and no dollar sign that is no value", () => {
    for (const [key, { message, placeholders = {} }] of Object.entries(messages)) {
      assert.match(key, /^[a-z0-9_]{1,80}$/);
      assert.ok(message.length > 0, key);
      assert.equal(message, message.trim(), key);
      const named = Object.keys(placeholders).map((name) => `$${name.toUpperCase()}$`);
      const without = [...named, ...[1, 2, 3, 4].map((n) => `$${n}`)].reduce((rest, one) => rest.replaceAll(one, ""), message);
      assert.doesNotMatch(without, /[$<>]/, key);
    }
    assert.ok(messages.extension_description.message.length <= 132, "Chromium's limit");
  });

  for (const other of readdirSync(new URL("_locales/", folder)).filter((name) => name !== "en")) {
    it(`says the same in ${other}: every key, every value`, () => {
      const theirs = JSON.parse(readFileSync(new URL(`_locales/${other}/messages.json`, folder), "utf8"));
      assert.deepEqual(Object.keys(theirs).sort(), Object.keys(messages).sort());
      const values = (text) => [...new Set(text.match(/\$([1-9]|[A-Z_]+\$)/g) ?? [])].sort();
      for (const [key, { message }] of Object.entries(theirs)) {
        // Where there is one, the number need not be said.
        if (key.endsWith("_one")) continue;
        assert.deepEqual(values(message), values(messages[key].message), key);
      }
      assert.equal(theirs.common_language.message, other.split("_")[0]);
    });
  }
});
