// Words and manners of the page's language, written by the server into <script type="application/json" id="ui-words">.

let words;

/** The sentence for a key, with {name} places filled. */
export function say(key, values = {}) {
  words ??= JSON.parse(document.getElementById("ui-words")?.textContent || "{}");
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}

/** Whether the page is in Chinese. */
export function isChinese() {
  return document.documentElement.lang.startsWith("zh");
}
