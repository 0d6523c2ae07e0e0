// What changed in a notice, put together under the headings it stands under, without the lines that stayed; and of a line
// that only changed a little, which words those are. As on the local page (agent/web/difference.py). Plain data in and out:
//
//   [mark, line], … of the agent → grouped → [{heading, lines: [{mark, parts}]}] → welcome.js lays it out as ins and del

/**
 * @typedef {[string, boolean]} Part text, and whether it is what changed in the line
 * @typedef {{mark: "+" | "-", parts: Part[]}} Line new or gone
 * @typedef {{heading: string, lines: Line[]}} Changed the heading is empty before the first, or where it was left out
 */

const LEFT_OUT = "…";

/**
 * @param {readonly (readonly [string, string])[]} lines mark (`+`, `-` or a space) and line
 * @returns {Changed[]} in the order of the text; empty lines never count
 */
export function grouped(lines) {
  /** @type {Changed[]} */
  const groups = [];
  /** @type {Changed} */
  let group = { heading: "", lines: [] };
  /** @type {{gone: string[], fresh: string[]}} the lines of one stretch */
  let stretch = { gone: [], fresh: [] };
  const settle = () => {
    group.lines.push(...paired(stretch));
    stretch = { gone: [], fresh: [] };
  };
  const close = () => {
    settle();
    if (group.lines.length > 0) groups.push(group);
  };
  for (const [mark, line] of lines) {
    const plain = line.replace(/^[#\- ]+/, "").replaceAll(/\*\*|`/g, "").trim();
    if (plain === "") continue;
    if (mark === "-") {
      if (stretch.fresh.length > 0) settle();
      stretch.gone.push(plain);
    } else if (mark === "+") stretch.fresh.push(plain);
    else if (line.startsWith("#") || plain === LEFT_OUT) {
      close();
      group = { heading: plain === LEFT_OUT ? "" : plain, lines: [] };
    } else settle();
  }
  close();
  return groups;
}

/**
 * Each line that is gone before the one that took its place; as many of both are taken for rewritten lines.
 * @param {{gone: string[], fresh: string[]}} stretch
 * @returns {Line[]}
 */
function paired({ gone, fresh }) {
  if (gone.length === fresh.length) return gone.flatMap((before, at) => rewritten(before, fresh[at] ?? ""));
  return [
    ...gone.map((text) => /** @type {Line} */ ({ mark: "-", parts: [[text, true]] })),
    ...fresh.map((text) => /** @type {Line} */ ({ mark: "+", parts: [[text, true]] })),
  ];
}

/**
 * Both lines with the words that differ told apart: what is left of each is the longest row of words that both have.
 * @param {string} before
 * @param {string} after
 * @returns {[Line, Line]}
 */
function rewritten(before, after) {
  const [old, now] = [wordsOf(before), wordsOf(after)];
  // longest[i][j]: how many words the ends of both have in common, from the i-th and j-th on.
  const longest = Array.from({ length: old.length + 1 }, () => new Array(now.length + 1).fill(0));
  const at = (/** @type {number} */ i, /** @type {number} */ j) => longest[i]?.[j] ?? 0;
  for (let i = old.length - 1; i >= 0; i--)
    for (let j = now.length - 1; j >= 0; j--)
      /** @type {number[]} */ (longest[i])[j] =
        old[i] === now[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const [left, right] = [new Array(old.length).fill(true), new Array(now.length).fill(true)];
  for (let i = 0, j = 0; i < old.length && j < now.length; )
    if (old[i] === now[j]) left[i++] = right[j++] = false;
    else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  return [
    { mark: "-", parts: partsOf(old, left) },
    { mark: "+", parts: partsOf(now, right) },
  ];
}

/** @param {string} line */
const wordsOf = (line) => line.split(/\s+/);

/**
 * Words in a row that are alike in this are one part. The space between two parts is part of what stayed.
 * @param {string[]} words
 * @param {boolean[]} differs
 * @returns {Part[]}
 */
function partsOf(words, differs) {
  /** @type {Part[]} */
  const parts = [];
  for (const [at, word] of words.entries()) {
    const last = parts.at(-1);
    const mine = differs[at] ?? false;
    if (last === undefined) parts.push([word, mine]);
    else if (last[1] === mine) last[0] += ` ${word}`;
    else if (mine) {
      last[0] += " ";
      parts.push([word, true]);
    } else parts.push([` ${word}`, false]);
  }
  return parts;
}
