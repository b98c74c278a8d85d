// Relative times grow older while the page stands open. The server wrote them first, by the same rule (formats.ago).
import { say } from "./words.js";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "3 小时前" or "3 h ago"; null when it is a week or more away and the date should stay. */
function relative(seconds) {
  const size = Math.abs(seconds);
  if (size >= 7 * DAY) return null;
  if (size < MINUTE) return say("now");
  const [unit, amount] = size < HOUR ? ["minutes", size / MINUTE] : size < DAY ? ["hours", size / HOUR] : ["days", size / DAY];
  const n = Math.floor(amount);
  const key = unit === "days" && n === 1 ? "day" : unit;
  return say(key + (seconds < 0 ? "Ahead" : "Ago"), { n });
}

export function times() {
  setInterval(() => {
    for (const element of document.querySelectorAll("time[data-ago]")) {
      const text = relative((Date.now() - Date.parse(element.dateTime)) / 1000);
      if (text !== null && element.textContent !== text) element.textContent = text;
    }
  }, 30_000);
}
