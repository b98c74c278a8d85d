// Forms that are posted at every change and answered with themselves (the builders of rules). A later change takes the place
// of an earlier one that is still on its way; what a click was to do goes along until an answer has come, or it would be lost.
export function clicks() {
  const waiting = new WeakMap();

  document.addEventListener("htmx:config:request", (event) => {
    const { request, sourceElement: form } = event.detail.ctx;
    if (!form.matches?.("form[data-clicks]")) return;
    const clicked = request.body.getAll("do").map((what) => withKind(what, form));
    const all = [...(waiting.get(form) ?? []), ...clicked];
    waiting.set(form, all);
    request.body.delete("do");
    for (const what of all) request.body.append("do", what);
  });

  document.addEventListener("htmx:before:response", (event) => waiting.delete(event.detail.ctx.sourceElement));
}

// Which kind of condition was to be added: the choice beside the button may be another one by the time it is told.
function withKind(what, form) {
  const [, path] = /^add:([^:]+)$/.exec(what) ?? [];
  return path ? `${what}:${form.elements[`${path}|new`]?.value ?? ""}` : what;
}
