// Judges addresses for test_platforms.py: takes a JSON list of {host, path, params} on stdin and prints the verdicts of
// the extension's classifier, [platform, page class] or null, in the same order. With {platforms, cases} it uses those
// platforms in place of the shipped ones.

import { readFileSync } from "node:fs";

import { classify } from "../../../extension/classify.js";
import { PLATFORMS } from "../../../extension/platforms.js";

const input = JSON.parse(readFileSync(0, "utf8"));
const [platforms, cases] = Array.isArray(input) ? [PLATFORMS, input] : [input.platforms, input.cases];
const verdicts = cases.map(({ host, path, params }) => {
  const verdict = classify(host, path, (name) => params.includes(name), platforms);
  return verdict && [verdict.platform, verdict.page_class];
});
process.stdout.write(JSON.stringify(verdicts));
