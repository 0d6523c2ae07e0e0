// What changed in a notice, as a person sees it: under its heading, word for word. The same laws hold on the local page
// (tests/unit/web), where the same lines are put together in Python.

import assert from "node:assert/strict";
import { test } from "node:test";

import { grouped } from "../../../extension/difference.js";
import { dice } from "./fakes.mjs";

/** Parts as one text, what differs in brackets. */
const shown = (groups) =>
  groups.map(({ heading, lines }) => [
    heading,
    ...lines.map(({ mark, parts }) => mark + parts.map(([text, differs]) => (differs ? `[${text}]` : text)).join("")),
  ]);

test("a rewritten line stands before the one that took its place, and the words that differ are told apart", () => {
  const lines = [
    [" ", "## How long"],
    ["-", "- Page loads are kept for **24 hours**, then deleted."],
    ["+", "- Page loads are kept for **7 days**, then deleted."],
    [" ", "same"],
  ];
  assert.deepEqual(shown(grouped(lines)), [
    ["How long", "-Page loads are kept for [24 hours,] then deleted.", "+Page loads are kept for [7 days,] then deleted."],
  ]);
});

test("what is only new or only gone is so as a whole, and one of several is no rewritten line", () => {
  const lines = [["+", "# New part"], ["+", ""], ["+", "A line."], [" ", "…"], ["-", "Old `one`."], ["-", "Old two."], ["+", "New one."]];
  assert.deepEqual(shown(grouped(lines)), [
    ["", "+[New part]", "+[A line.]"],
    ["", "-[Old one.]", "-[Old two.]", "+[New one.]"],
  ]);
});

test("nothing that changed is no group, whatever headings there are", () => {
  assert.deepEqual(grouped([[" ", "# One"], [" ", "…"], ["+", ""], ["-", "  "]]), []);
  assert.deepEqual(grouped([]), []);
});

test("whatever the lines are, both can be read whole, and what does not differ is the same in both", () => {
  const roll = dice(11);
  const words = ["the", "agent", "keeps", "page", "loads", "24", "7", "days"];
  const line = () => Array.from({ length: 1 + roll(12) }, () => words[roll(words.length)]).join(" ");
  for (let n = 0; n < 300; n++) {
    const [before, after] = [line(), line()];
    const [{ lines }] = grouped([["-", before], ["+", after]]);
    assert.deepEqual(lines.map(({ parts }) => parts.map(([text]) => text).join("")), [before, after]);
    const [left, right] = lines.map(({ parts }) => parts.filter(([, differs]) => !differs).flatMap(([text]) => text.trim().split(" ")).filter(Boolean));
    assert.deepEqual(left, right);
    if (before === after) assert.ok(lines.every(({ parts }) => parts.every(([, differs]) => !differs)));
  }
});
