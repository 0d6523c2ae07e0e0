// Which browser `hello` names: from the user agent in Firefox, from the brands elsewhere.

import assert from "node:assert/strict";
import { it } from "node:test";

import { whichBrowser } from "../../../extension/browser.js";

const CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

for (const [name, hints] of Object.entries({
  chrome: { brands: ["Not;A=Brand", "Chromium", "Google Chrome"] },
  chromium: { brands: ["Not;A=Brand", "Chromium"] },
  edge: { brands: ["Chromium", "Microsoft Edge"] },
  opera: { brands: ["Chromium", "Opera"] },
  brave: { brands: ["Chromium", "Brave"], brave: true },
  vivaldi: { brands: ["Chromium", "Vivaldi"] },
  other: { brands: ["Somebody's"] },
})) {
  it(`knows ${name}`, () => {
    const brands = hints.brands.map((brand) => ({ brand, version: "156" }));
    assert.deepEqual(whichBrowser({ userAgent: CHROME, brands, brave: hints.brave ?? false }), {
      browser: name,
      browser_version: "156",
    });
  });
}

it("knows firefox", () =>
  assert.deepEqual(whichBrowser({ userAgent: FIREFOX, brands: [], brave: false }), {
    browser: "firefox",
    browser_version: "140",
  }));
