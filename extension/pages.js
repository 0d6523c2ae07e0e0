// What the welcome page and the options page share in laying out: making elements whose texts are text, and renewing a
// part of the page only when it says something else, so that nobody's press, focus or open fold is taken away under them.

/**
 * @param {string} tag
 * @param {string} className
 * @param {(string | Node)[]} children
 * @returns {HTMLElement}
 */
export function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className !== "") made.className = className;
  made.append(...children);
  return made;
}

/**
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 */
export const part = (id) => /** @type {T} */ (document.getElementById(id));

/**
 * A button that does one thing.
 * @param {string} id
 * @param {string} className
 * @param {string} text
 * @param {() => void} pressed
 */
export function button(id, className, text, pressed) {
  const made = element("button", className, text);
  made.id = id;
  made.setAttribute("type", "button");
  made.addEventListener("click", pressed);
  return made;
}

/**
 * Set a text, touching the page only when it is another: live regions speak at every touch.
 * @param {string} id
 * @param {string} text
 */
export function write(id, text) {
  const node = part(id);
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Offer to try again where there is no link. While it is tried, the button stays under whoever pressed it: what comes of
 * it is told beside it, and a keyboard is where it was.
 * @param {string} id
 * @param {import("./connection.js").LinkPhase} phase
 * @returns {boolean} whether a press is being heeded
 */
export function offerRetry(id, phase) {
  const retry = part(id);
  const trying = phase === "connecting" && document.activeElement === retry;
  retry.hidden = phase !== "failed" && !trying;
  retry.setAttribute("aria-disabled", String(trying));
  return trying;
}

/** What each part says now. @type {Map<string, string>} */
const said = new Map();

/**
 * Lay a part of the page out anew if what it is made of has changed.
 * @param {string} id
 * @param {unknown} made_of plain data that decides everything in it
 * @param {() => Node[]} make
 */
export function renew(id, made_of, make) {
  const now = JSON.stringify(made_of);
  if (said.get(id) === now) return;
  said.set(id, now);
  const active = part(id).contains(document.activeElement) ? document.activeElement : null;
  const [focused, card] = [active?.id ?? "", active?.closest("section[id]")?.id ?? id];
  // The head of a fold has no name of its own: the fold has.
  const fold = active?.tagName === "SUMMARY" ? (active.closest("details")?.id ?? "") : "";
  const open = [...part(id).querySelectorAll("details[open]")].map((one) => one.id);
  part(id).replaceChildren(...make());
  for (const one of open) document.getElementById(one)?.setAttribute("open", "");
  if (active === null) return;
  // A button that is gone takes nobody's place in the page with it: what came instead has it.
  const summary = fold === "" ? null : (document.getElementById(fold)?.querySelector("summary") ?? null);
  const next = summary ?? document.getElementById(focused) ?? (document.getElementById(card) ?? part(id)).querySelector("button");
  next?.focus({ preventScroll: true });
}
