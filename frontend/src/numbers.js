// Numbers as people read them. The same rules as formats.py, which is where they are explained and tested.
import { isChinese, say } from "./words.js";

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 2 });

function short(size, unit) {
  const tenths = Math.round((size * 10) / unit) / 10;
  return grouped.format(tenths < 100 ? tenths : Math.round(size / unit));
}

/** A count: exact below ten thousand, then 12.8 万 or 128k. */
export function count(value) {
  const size = Math.abs(value);
  if (size < 10_000) return grouped.format(value);
  const sign = value < 0 ? "-" : "";
  if (isChinese()) return sign + (size < 99_995_000 ? `${short(size, 1e4)} 万` : `${short(size, 1e8)} 亿`);
  if (size < 999_500) return `${sign}${short(size, 1e3)}k`;
  return sign + (size < 999_500_000 ? `${short(size, 1e6)}M` : `${short(size, 1e9)}B`);
}

/** A value of a chart, by the name of its format (durations in seconds). `exact` gives every digit. */
export function show(value, format, { exact = false, currency = "¥" } = {}) {
  if (value === null || value === undefined) return "–";
  if (format === "percent") return `${(value * 100).toFixed(1)}%`;
  if (format === "money") {
    const sign = value < 0 ? "-" : "";
    const major = Math.abs(value) / 100;
    if (!exact) return `${sign}${currency}${count(major)}`;
    return `${sign}${currency}${major.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
  }
  if (format === "duration") {
    if (value < 59.5) return say("inSeconds", { n: grouped.format(Math.round(value)) });
    if (value < 600) return say("inMinutes", { n: grouped.format(Math.round(value / 6) / 10) });
    if (value < 90 * 60) return say("inMinutes", { n: grouped.format(Math.round(value / 60)) });
    return say("inHours", { n: grouped.format(Math.round(value / 360) / 10) });
  }
  return exact ? grouped.format(value) : count(value);
}
