// Lets the modules under test speak as they do in an English browser: over the real messages.json, filled as browsers
// fill it. Import it before anything is said.

import { readFileSync } from "node:fs";

import { speakWith } from "../../../extension/words.js";

/** The browser's own look-up, by its rules: `$1` to `$9` are the values, `$NAME$` one by its name, `$$` a dollar sign. */
export function speechOf(language, uiLanguage = language) {
  const file = new URL(`../../../extension/_locales/${language}/messages.json`, import.meta.url);
  const messages = JSON.parse(readFileSync(file, "utf8"));
  return {
    getUILanguage: () => uiLanguage,
    getMessage: (key, values) => {
      const { message = "", placeholders = {} } = Object.hasOwn(messages, key) ? messages[key] : {};
      const value = (what) => values[what.slice(1) - 1] ?? "";
      return message.replace(/\$(?:\$|[1-9]|([A-Za-z0-9_]+)\$)/g, (what, name) =>
        what === "$$" ? "$" : value(name === undefined ? what : (placeholders[name.toLowerCase()]?.content ?? "")),
      );
    },
  };
}

speakWith(speechOf("en"));
