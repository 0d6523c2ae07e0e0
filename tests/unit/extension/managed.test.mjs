// Managed settings: each is held against its default, and none can say anything for the person.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";

import { DEFAULTS, readManaged } from "../../../extension/managed.js";
import { dice } from "./fakes.mjs";

describe("managed settings", () => {
  it("are the defaults where nobody has set any", () => {
    for (const nothing of [null, undefined, {}, 7, "text"])
      assert.deepEqual(readManaged(nothing), { settings: { ...DEFAULTS }, ignored: [] });
  });

  it("take values of the right type, and name those of a wrong one", () => {
    const { settings, ignored } = readManaged({
      organisation: "  Example Ltd ",
      contact: 7,
      own_sites: false,
      welcome: "no",
      purpose: "given",
      toString: true,
    });
    assert.deepEqual(settings, { ...DEFAULTS, organisation: "Example Ltd", own_sites: false });
    assert.deepEqual(ignored, ["contact", "other", "welcome"]);
  });

  it("have bounded texts", () => assert.equal(readManaged({ contact: "x".repeat(999) }).settings.contact.length, 200));

  it("give nothing but the keys there are, each of its type, whatever is set", () => {
    const roll = dice(7);
    const odd = [null, 0, 1, "", "given", true, false, [], {}, ["act"], { act: "given" }];
    const keys = [...Object.keys(DEFAULTS), "act", "purpose", "gate", "notice", "__proto__", "constructor", "acknowledged"];
    for (let n = 0; n < 500; n++) {
      const stored = Object.fromEntries(keys.filter(() => roll(2)).map((key) => [key, odd[roll(odd.length)]]));
      const { settings } = readManaged(stored);
      assert.deepEqual(Object.keys(settings).sort(), Object.keys(DEFAULTS).sort());
      for (const [key, usual] of Object.entries(DEFAULTS)) assert.equal(typeof settings[key], typeof usual);
    }
  });

  it("are the same keys and types in the schema that the browser reads", () => {
    const file = new URL("../../../extension/managed_schema.json", import.meta.url);
    const { properties } = JSON.parse(readFileSync(file, "utf8"));
    const types = Object.fromEntries(Object.entries(properties).map(([key, { type }]) => [key, type]));
    assert.deepEqual(types, Object.fromEntries(Object.entries(DEFAULTS).map(([key, usual]) => [key, typeof usual])));
  });
});
