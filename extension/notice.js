// The notice's small Markdown as nodes: headings, paragraphs, lists, bold, code. Nothing else. The agent sends the text
// word for word; here it is cut into blocks (plain data) and laid out with createElement and text nodes only, so that
// whatever a value in it holds stays text. Links and images are left out on purpose: a notice must be whole by itself.
// The local page lays out the same subset (agent/pages/markdown.py).

/**
 * A stretch of text that looks the same.
 * @typedef {{text: string, bold: boolean, code: boolean}} Run
 *
 * `level` is that of a heading, 1 to 6.
 * @typedef {{kind: "heading", level: number, runs: Run[]} | {kind: "paragraph", runs: Run[]} | {kind: "list", items: Run[][]}} Block
 *
 * @typedef {{createElement(tag: string): HTMLElement, createDocumentFragment(): DocumentFragment}} Maker
 */

/**
 * Cut a line into its runs. Marks without a partner stay as they are.
 * @param {string} line
 * @returns {Run[]}
 */
export function runsOf(line) {
  return split(line, /\*\*(.+?)\*\*/g).flatMap(({ text, marked }) =>
    split(text, /`([^`]+)`/g).map((part) => ({ text: part.text, bold: marked, code: part.marked })),
  );
}

/**
 * @param {string} text
 * @param {RegExp} marks with the marked text as its one group
 * @returns {{text: string, marked: boolean}[]}
 */
function split(text, marks) {
  // Between the matches, `split` returns what their group holds: every second piece is a marked one.
  return text
    .split(marks)
    .map((piece, index) => ({ text: piece, marked: index % 2 === 1 }))
    .filter((piece) => piece.text !== "");
}

/**
 * Cut a notice into its blocks: a line is a heading, an item of a list, or a paragraph.
 * @param {string} text
 * @returns {Block[]}
 */
export function blocksOf(text) {
  /** @type {Block[]} */
  const blocks = [];
  /** @type {Run[][] | null} the list that is going on */
  let items = null;
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("- ")) {
      if (items === null) {
        items = [];
        blocks.push({ kind: "list", items });
      }
      items.push(runsOf(line.slice(2)));
      continue;
    }
    items = null;
    const marks = /^#+/.exec(line)?.[0].length ?? 0;
    if (marks > 0) blocks.push({ kind: "heading", level: Math.min(6, marks), runs: runsOf(line.slice(marks).trim()) });
    else if (line.trim() !== "") blocks.push({ kind: "paragraph", runs: runsOf(line) });
  }
  return blocks;
}

/**
 * Lay a notice out.
 * @param {string} text
 * @param {number} down by how many levels its headings stand below their own: the page has a first one already
 * @param {Maker} [maker]
 * @returns {DocumentFragment}
 */
export function layOut(text, down = 0, maker = document) {
  const all = maker.createDocumentFragment();
  /** @param {string} tag @param {Run[]} runs */
  const element = (tag, runs) => {
    const made = maker.createElement(tag);
    made.append(...runs.map(({ text: words, bold, code }) => wrapped(wrapped(words, code, "code"), bold, "strong")));
    return made;
  };
  /** @param {string | HTMLElement} inner @param {boolean} marked @param {string} tag */
  const wrapped = (inner, marked, tag) => {
    if (!marked) return inner;
    const made = maker.createElement(tag);
    made.append(inner);
    return made;
  };
  for (const block of blocksOf(text)) {
    if (block.kind === "heading") all.append(element(`h${Math.min(6, block.level + down)}`, block.runs));
    else if (block.kind === "paragraph") all.append(element("p", block.runs));
    else {
      const list = maker.createElement("ul");
      list.append(...block.items.map((runs) => element("li", runs)));
      all.append(list);
    }
  }
  return all;
}
