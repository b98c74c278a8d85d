// Forms: leaving unsaved work asks, a form is sent once.

export function forms() {
  const dirty = new Set();
  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("form[data-guard]");
    if (form) dirty.add(form);
  });
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    dirty.delete(event.target);
    if (event.target.method !== "post" || event.target.hasAttribute("hx-post")) return;
    if (event.target.dataset.sent) {
      event.preventDefault();
      return;
    }
    event.target.dataset.sent = "yes";
  });
  // What htmx sends is saved when the answer leads elsewhere; any other answer leaves the work where it is.
  document.addEventListener("htmx:before:response", (event) => {
    if (event.detail.ctx.response.headers.has("HX-Redirect")) dirty.clear();
  });
  // Back from the page cache a form may be sent again.
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });
  window.addEventListener("beforeunload", (event) => {
    for (const form of dirty) if (form.isConnected) event.preventDefault();
  });
}
