// The notice's Markdown: the same small subset as on the local page, and whatever else a text holds stays text.

import assert from "node:assert/strict";
import { test } from "node:test";
import { blocksOf, layOut, runsOf } from "../../../extension/notice.js";

const plain = (text) => ({ text, bold: false, code: false });
const bold = (text) => ({ text, bold: true, code: false });
const code = (text) => ({ text, bold: false, code: true });

test("headings, paragraphs and lists are told apart, and a list ends where another line comes", () => {
  const blocks = blocksOf("# One\n\nTwo\n- a\n- b\nThree\n- c\n## Four\n####### Seven");
  assert.deepEqual(
    blocks.map((block) => [block.kind, block.level ?? block.items?.length ?? ""]),
    [
      ["heading", 1],
      ["paragraph", ""],
      ["list", 2],
      ["paragraph", ""],
      ["list", 1],
      ["heading", 2],
      ["heading", 6],
    ],
  );
});

test("bold and code are runs of their own, code inside bold is both", () => {
  assert.deepEqual(runsOf("Stop **whenever you like**, or `gleanwatch consent`."), [
    plain("Stop "),
    bold("whenever you like"),
    plain(", or "),
    code("gleanwatch consent"),
    plain("."),
  ]);
  assert.deepEqual(runsOf("**run `it`**"), [bold("run "), { text: "it", bold: true, code: true }]);
});

test("marks without a partner, links, images and HTML stay text", () => {
  for (const line of ["2 ** 3", "a ` b", "<b>x</b>", "[x](https://x.example)", "![x](y)", "* x", "1. x"])
    assert.deepEqual(runsOf(line), [plain(line)]);
});

test("no character of a line is lost but the marks", () => {
  const line = "**Responsible:** Müller & Söhne <GmbH>, `a<b>` «ok» ✓";
  assert.equal(runsOf(line).map(({ text }) => text).join(""), line.replaceAll("**", "").replaceAll("`", ""));
});

/** As much of a document as laying out needs, printed as HTML without escaping: what is text here is text there. */
function maker() {
  const node = (tag) => ({
    tag,
    children: [],
    append(...more) {
      this.children.push(...more);
    },
    toString() {
      const inner = this.children.map((child) => (typeof child === "string" ? `{${child}}` : String(child))).join("");
      return this.tag === "" ? inner : `<${this.tag}>${inner}</${this.tag}>`;
    },
  });
  return { createElement: node, createDocumentFragment: () => node("") };
}

test("laid out, only elements of ours are made and every word is a text node", () => {
  const text = "# <img src=x onerror=y>\n- **a** <script>`b`";
  assert.equal(
    String(layOut(text, 1, maker())),
    "<h2>{<img src=x onerror=y>}</h2><ul><li><strong>{a}</strong>{ <script>}<code>{b}</code></li></ul>",
  );
});

test("headings stand below the page's own, and never below the sixth level", () => {
  assert.equal(String(layOut("# a\n###### b", 2, maker())), "<h3>{a}</h3><h6>{b}</h6>");
});
