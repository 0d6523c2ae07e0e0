// Makes a page live. Everything works without this file; with it, overview and health follow what happens, a press does
// not reload the page, a command can be copied, and the notice reports that it was shown. Data comes as ready HTML from
// our own server, escaped there.

const token = document.querySelector('meta[name="form-token"]').content;
const live = document.getElementById("live");
const gone = document.getElementById("gone");
const said = document.getElementById("said");

/** Sends a form's fields; resolves to whether they were taken. */
async function send(action, fields) {
  const answer = await fetch(action, {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: { "X-Gleanwatch-Form-Token": token },
    redirect: "manual",
  });
  return answer.type === "opaqueredirect";
}

/** Says something to everybody, screen readers included. */
function say(text) {
  const line = document.createElement("p");
  line.textContent = text;
  said.replaceChildren(line);
}

/** Returns a function that finds an element again after its section was replaced: by its id, else by what it leads to. */
function finderOf(element) {
  if (!element || !live.contains(element)) return () => null;
  if (element.id) return () => document.getElementById(element.id);
  const section = CSS.escape(element.closest("section[id]")?.id ?? live.id);
  const href = element.getAttribute("href");
  const alike = `#${section} ${element.localName}${href ? `[href="${CSS.escape(href)}"]` : ""}`;
  const index = [...document.querySelectorAll(alike)].indexOf(element);
  return () => document.querySelectorAll(alike)[index] ?? null;
}

/** Puts fresh sections in the place of those that differ; keeps open what was open, and the focus where it was. */
function renew(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  const focused = document.activeElement;
  const find = finderOf(focused);
  for (const section of live.querySelectorAll("section[id]")) {
    const next = fresh.getElementById(section.id);
    if (!next) continue;
    for (const details of section.querySelectorAll("details[open][id]")) {
      next.querySelector(`#${CSS.escape(details.id)}`)?.setAttribute("open", "");
    }
    if (section.outerHTML === next.outerHTML) continue;
    const scrolled = [...section.querySelectorAll(".scroll")].map((each) => each.scrollLeft);
    const placed = document.importNode(next, true);
    section.replaceWith(placed);
    [...placed.querySelectorAll(".scroll")].forEach((each, index) => {
      each.scrollLeft = scrolled[index] ?? 0;
    });
  }
  const title = document.querySelector("[data-title]")?.dataset.title;
  if (title) document.title = `${title} · Gleanwatch`;
  if (document.activeElement !== focused) find()?.focus({ preventScroll: true });
}

let renewing = false;
let again = false;

/** Fetches the overview anew; calls that come meanwhile are answered by one more round. */
async function refresh() {
  if (!live || renewing) {
    again = renewing;
    return;
  }
  renewing = true;
  try {
    const answer = await fetch(live.dataset.liveSource);
    if (answer.status === 204) location.reload();
    gone.hidden = answer.ok;
    if (answer.ok && answer.status !== 204) renew(await answer.text());
  } catch {
    gone.hidden = false;
  } finally {
    renewing = false;
    if (again) {
      again = false;
      refresh();
    }
  }
}

let stream = null;

/** Listens while the page can be seen: a browser allows only six connections to one host, however many pages are open. */
function listen() {
  if (document.hidden) {
    stream?.close();
    stream = null;
    return;
  }
  if (stream) return;
  refresh();
  stream = new EventSource("/events");
  stream.addEventListener("change", refresh);
  stream.addEventListener("end", () => {
    stream.close();
    stream = null;
    gone.hidden = false;
  });
  stream.addEventListener("error", refresh);
}

/** Sends a form without leaving the page. */
async function submit(event) {
  const form = event.target;
  if (!("live" in form.dataset) || !live) return;
  event.preventDefault();
  const button = event.submitter;
  const fields = new FormData(form, button); // before the button is disabled: a disabled one is left out
  button.disabled = true;
  try {
    const taken = await send(form.getAttribute("action"), fields);
    if (taken) say(form.dataset.live);
    else location.reload();
  } catch {
    gone.hidden = false;
  }
  button.disabled = false;
  refresh();
}

/**
 * Reports the notice as shown once a person had it in front of them: visible page, text on the screen for two seconds.
 * Where only its last part is new, that must have been there from its heading to its end.
 */
function reportShown(notice) {
  const parts = notice.dataset.reportShown === "end" ? [...notice.querySelectorAll("#notice-last, #notice-end")] : [notice];
  let timer = 0;
  const visible = new Set();
  const unseen = new Set(parts);
  const check = () => {
    clearTimeout(timer);
    if (unseen.size > 0 || visible.size === 0 || document.hidden) return;
    timer = setTimeout(() => {
      watcher.disconnect();
      document.removeEventListener("visibilitychange", check);
      send("/act", { kind: "shown", notice: notice.dataset.notice, language: notice.dataset.language, from: "notice" }).catch(() => {
        gone.hidden = false;
      });
    }, 2000);
  };
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) visible.add(target);
      else visible.delete(target);
      if (isIntersecting && !document.hidden) unseen.delete(target);
    }
    check();
  });
  for (const part of parts) watcher.observe(part);
  document.addEventListener("visibilitychange", check);
}

// A text that is there to be copied has a button that does so.
for (const button of document.querySelectorAll("button[data-copies]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = document.getElementById(button.dataset.copies);
    try {
      await navigator.clipboard.writeText(text.textContent);
      say(button.dataset.copied);
    } catch {
      getSelection().selectAllChildren(text);
    }
  });
}

if (live) {
  document.addEventListener("submit", submit);
  document.addEventListener("visibilitychange", listen);
  setInterval(() => document.hidden || refresh(), 30_000);
  listen();
}
const notice = document.querySelector("[data-report-shown]");
if (notice) reportShown(notice);
