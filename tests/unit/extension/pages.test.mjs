// Renewing a part of a page: the focus stays where the person had it. The page is a stand-in with just what is asked of it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { renew } from "../../../extension/pages.js";

test("the focus in the head of a fold stays there, and does not go to the first button", () => {
  const focused = [];
  const named = {};
  const lay = () => {
    const button = { focus: () => focused.push("button") };
    const fold = { id: "days-a.example", querySelector: () => summary };
    const summary = { id: "", tagName: "SUMMARY", closest: (what) => (what === "details" ? fold : null), focus: () => focused.push("summary") };
    named[fold.id] = fold;
    return { button, summary };
  };
  let { button, summary } = lay();
  named["own"] = {
    contains: (one) => one === summary,
    querySelectorAll: () => [],
    querySelector: () => button,
    replaceChildren: () => ({ button, summary } = lay()),
  };
  globalThis.document = { activeElement: summary, getElementById: (id) => named[id] ?? null };
  renew("own", 1, () => []);
  assert.deepEqual(focused, ["summary"]);
});
