// Which of the watched sites the browser hides from the extension: a person can take any of them back in the browser's
// own settings, and Firefox asks for each at install. What is hidden is not looked at; it is shown as lost coverage here
// and told to the agent, by platform.

import { PLATFORMS } from "./platforms.js";

/**
 * The required platforms that are hidden, wholly or in part.
 * @param {(origins: string[]) => Promise<boolean>} granted whether the browser grants all of some match patterns
 * @param {readonly import("./classify.js").Platform[]} [platforms]
 * @returns {Promise<string[]>} their keys, in the order of the platforms
 */
export async function hiddenPlatforms(granted, platforms = PLATFORMS) {
  const required = platforms.filter(({ optional }) => !optional);
  const shown = await Promise.all(required.map(({ match_patterns }) => granted([...match_patterns])));
  return required.filter((_, at) => !shown[at]).map(({ key }) => key);
}

/**
 * The match patterns to ask the browser for, so that platforms are seen again.
 * @param {readonly string[]} keys
 * @param {readonly import("./classify.js").Platform[]} [platforms]
 */
export function originsOfPlatforms(keys, platforms = PLATFORMS) {
  return platforms.filter(({ key }) => keys.includes(key)).flatMap(({ match_patterns }) => match_patterns);
}
