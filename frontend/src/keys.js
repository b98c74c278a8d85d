// Keys: / searches, g and a letter goes, ? helps. Never while something is being typed.

const GO_MS = 1_500;

/** Whether a key press belongs to a field. */
export function isTyping(event) {
  const { target } = event;
  return (
    event.ctrlKey || event.metaKey || event.altKey || event.isComposing ||
    (target instanceof Element && target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]") !== null)
  );
}

export function keys() {
  let goUntil = 0;
  document.addEventListener("keydown", (event) => {
    if (isTyping(event) || document.querySelector("dialog[open]")) return;
    if (goUntil > event.timeStamp) {
      goUntil = 0;
      const place = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
      if (place) {
        event.preventDefault();
        place.click();
      }
      return;
    }
    if (event.key === "g") goUntil = event.timeStamp + GO_MS;
    else if (event.key === "/") {
      const box = document.getElementById("global-search") ?? document.querySelector("input[type=search]");
      if (!box) return;
      event.preventDefault();
      box.focus();
      box.select();
    } else if (event.key === "?") document.getElementById("keys-dialog")?.showModal();
  });

  // In the search panel the arrows walk through the results.
  document.addEventListener("keydown", (event) => {
    const search = event.target instanceof Element && event.target.closest(".search");
    if (!search || !["ArrowDown", "ArrowUp", "Escape"].includes(event.key)) return;
    const box = search.querySelector("input");
    const stops = [box, ...search.querySelectorAll(".search-panel a")];
    event.preventDefault();
    if (event.key === "Escape") {
      search.querySelector(".search-panel").replaceChildren();
      box.blur();
      return;
    }
    const step = event.key === "ArrowDown" ? 1 : -1;
    stops[(stops.indexOf(document.activeElement) + step + stops.length) % stops.length].focus();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest(".search")) document.querySelector(".search-panel")?.replaceChildren();
  });
}
