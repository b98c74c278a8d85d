// What every request of htmx has in common: the CSRF token, errors as toasts, sign-in that has run out.
import { toast } from "./toasts.js";
import { say } from "./words.js";

// What fetch says in Chromium, Firefox and Safari when no answer came; other errors are the page's own.
const UNREACHED = /failed to fetch|networkerror|load failed/i;

export function requests(htmx) {
  document.addEventListener("htmx:config:request", (event) => {
    const { request } = event.detail.ctx;
    if (!["GET", "HEAD"].includes(request.method)) request.headers["X-CSRFToken"] = csrfToken();
    // Fields left empty stay out of the address.
    if (event.target.matches?.("form[data-tidy]")) {
      for (const [name, value] of [...request.body]) if (value === "") request.body.delete(name);
    }
  });

  let running = 0;
  document.addEventListener("htmx:before:request", (event) => {
    // Polling is not something the person waits for.
    if (event.detail.ctx.sourceEvent?.type !== "every") document.body.classList.toggle("is-busy", ++running > 0);
  });
  document.addEventListener("htmx:finally:request", (event) => {
    if (event.detail.ctx.sourceEvent?.type === "every") return;
    running = Math.max(0, running - 1);
    document.body.classList.toggle("is-busy", running > 0);
  });

  // A redirect followed on the way means another page (usually signing in): go there, never show it inside a part.
  document.addEventListener("htmx:before:swap", (event) => {
    const { ctx } = event.detail;
    if (ctx.response?.raw.redirected && /^\s*<!doctype/i.test(ctx.text) && ctx.target !== document.body) {
      event.preventDefault();
      window.location.assign(ctx.response.raw.url);
    }
  });

  document.addEventListener("htmx:response:error", (event) => {
    const { response, text } = event.detail.ctx;
    if (response.status === 422) return; // a form that comes back with its errors
    const said = /^text\/plain/.test(response.headers.get("Content-Type") ?? "") ? text.trim() : "";
    toast({ kind: "error", text: said || say(response.status === 403 ? "forbidden" : "failed") });
  });
  document.addEventListener("htmx:error", (event) => {
    const { ctx, error } = event.detail;
    const isOffline = ctx?.request?.signal?.reason === "timeout" || UNREACHED.test(error?.message ?? "");
    toast({ kind: "error", text: say(isOffline ? "offline" : "failed") });
  });

  window.htmx = htmx;
}

/** The CSRF token of this page. */
export function csrfToken() {
  return document.querySelector('meta[name="csrf-token"]')?.content ?? "";
}
