// Toasts: what just happened, with undo where there is one. The server sends them by HX-Trigger: {"toast": {...}}.
import { csrfToken } from "./requests.js";
import { say } from "./words.js";

const SHOWN_MS = 6_000;
const UNDO_MS = 12_000;

/** Show one. `undo` is an address to POST to; afterwards the page is loaded again. `link` leads to what was made. */
export function toast({ kind = "info", text, undo = "", link = "" }) {
  const region = document.getElementById("toasts");
  const template = document.getElementById("toast-template");
  if (!region || !template) return;
  const item = template.content.firstElementChild.cloneNode(true);
  item.classList.add(`toast-${kind}`);
  item.querySelector("[data-text]").textContent = text;
  if (undo) {
    const button = item.querySelector("[data-undo]");
    button.hidden = false;
    button.addEventListener("click", () => takeBack(undo, item), { once: true });
  }
  if (link) {
    const anchor = item.querySelector("[data-link]");
    anchor.hidden = false;
    anchor.href = link;
  }
  arm(item, undo || link ? UNDO_MS : SHOWN_MS);
  region.append(item);
}

function arm(item, milliseconds) {
  let timer = setTimeout(() => item.remove(), milliseconds);
  const hold = () => clearTimeout(timer);
  const release = () => {
    hold();
    timer = setTimeout(() => item.remove(), SHOWN_MS / 2);
  };
  item.addEventListener("pointerenter", hold);
  item.addEventListener("focusin", hold);
  item.addEventListener("pointerleave", release);
  item.addEventListener("focusout", release);
  item.querySelector("[data-close]").addEventListener("click", () => item.remove());
}

async function takeBack(address, item) {
  item.remove();
  const answer = await fetch(address, { method: "POST", headers: { "X-CSRFToken": csrfToken() } }).catch(() => null);
  if (answer?.ok) window.location.reload();
  else toast({ kind: "error", text: say("failed") });
}

export function toasts() {
  document.addEventListener("toast", (event) => toast(event.detail));
  for (const item of document.querySelectorAll("#toasts .toast-item")) arm(item, SHOWN_MS);
}
