// Menus are <details class="menu">; here they learn to close. And the phone's drawer.

export function menus() {
  const close = (except) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== except) menu.open = false;
  };
  document.addEventListener("click", (event) => {
    close(event.target.closest("details.menu"));
    const inside = event.target.closest(".menu-panel a, .menu-panel button:not([data-stay])");
    if (inside) inside.closest("details.menu").open = false;
    if (event.target.closest("[data-drawer]")) drawer(!document.body.classList.contains("drawer-open"));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = document.activeElement?.closest("details.menu[open]");
    close();
    open?.querySelector("summary").focus();
    drawer(false);
  });
}

function drawer(open) {
  document.body.classList.toggle("drawer-open", open);
  for (const button of document.querySelectorAll("button.topbar-menu")) button.setAttribute("aria-expanded", open);
  if (open) document.querySelector(".sidebar a")?.focus();
}
