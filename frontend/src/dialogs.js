// Dialogs: opened by [data-dialog="id"], closed by [data-close-dialog]; hx-confirm asks in a dialog of ours.
//
// A button with hx-confirm="Sentence" asks that sentence. data-confirm-title, data-confirm-button and
// data-confirm-danger make it plainer; data-confirm-type="name to type" is for what cannot be undone.
import { say } from "./words.js";

export function dialogs() {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    if (opener) {
      event.preventDefault();
      document.getElementById(opener.dataset.dialog)?.showModal();
      return;
    }
    const closer = event.target.closest("[data-close-dialog]");
    if (closer) {
      const dialog = closer.closest("dialog");
      if (dialog) dialog.close();
      // Opened by itself a dialog is a page: leaving it leads back.
      else if (history.length > 1) history.back();
      else location.assign("/");
    }
    // A click on the backdrop lands on the dialog itself.
    else if (event.target instanceof HTMLDialogElement) event.target.close();
  });

  document.addEventListener("htmx:confirm", (event) => {
    const { ctx, issueRequest, dropRequest } = event.detail;
    event.preventDefault();
    ask({ text: ctx.confirm, ...ctx.sourceElement.dataset }).then((yes) => (yes ? issueRequest() : dropRequest()));
  });

  // The same question for plain forms and links: <form data-confirm="Sentence">.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const source = event.submitter?.dataset.confirm ? event.submitter : form;
    if (!source.dataset.confirm || form.dataset.confirmed) return;
    event.preventDefault();
    ask({ text: source.dataset.confirm, ...source.dataset }).then((yes) => {
      if (!yes) return;
      form.dataset.confirmed = "yes";
      form.requestSubmit(event.submitter ?? undefined);
      delete form.dataset.confirmed;
    });
  });

  // A dialog that was opened by its address stands in the page: what its form answers with takes its place there.
  document.addEventListener("htmx:config:request", (event) => {
    const { ctx } = event.detail;
    const alone = ctx.sourceElement.closest?.(".alone");
    if (alone && ctx.target?.id === "dialog-place") ctx.target = alone;
  });

  // What the server puts into the dialog place opens at once, and closes when it is emptied.
  document.addEventListener("htmx:after:swap", () => {
    const dialog = document.getElementById("dialog-place");
    if (!dialog) return;
    const filled = dialog.childElementCount > 0;
    if (filled && !dialog.open) dialog.showModal();
    if (!filled && dialog.open) dialog.close();
  });
  document.getElementById("dialog-place")?.addEventListener("close", (event) => event.target.replaceChildren());
  document.addEventListener("dialog:close", () => document.getElementById("dialog-place")?.close());
}

/** Ask and resolve to the answer. */
export function ask({ text, confirmTitle, confirmButton, confirmDanger, confirmType }) {
  const dialog = document.getElementById("confirm-dialog");
  if (!dialog) return Promise.resolve(window.confirm(text));
  const find = (name) => dialog.querySelector(`[data-part="${name}"]`);
  find("title").textContent = confirmTitle || say("sure");
  find("text").textContent = text;
  const button = find("yes");
  button.textContent = confirmButton || say("confirm");
  button.className = `btn ${confirmType || confirmDanger !== undefined ? "btn-danger" : "btn-primary"}`;
  const typed = find("typed");
  find("type-row").hidden = !confirmType;
  find("type-label").textContent = confirmType ? say("type", { name: confirmType }) : "";
  typed.value = "";
  const check = () => (button.disabled = Boolean(confirmType) && typed.value.trim() !== confirmType);
  typed.oninput = check;
  check();
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
