// Lists: choosing rows (also across pages, or all that match), moving with j and k, and views kept in this browser.
import { isTyping } from "./keys.js";
import { say } from "./words.js";

export function listing() {
  return {
    chosen: [],
    all: false,
    current: -1,
    query: null,

    init() {
      this.onKey = (event) => this.key(event);
      document.addEventListener("keydown", this.onKey);
      this.onSwap = () => this.paint();
      this.onDone = () => this.clear();
      document.addEventListener("htmx:after:swap", this.onSwap);
      document.addEventListener("listing:refresh", this.onDone);
      this.$el.addEventListener("change", (event) => {
        if (event.target.matches("[data-choose]")) this.choose(event.target.value, event.target.checked);
        if (event.target.matches("[data-choose-page]")) this.choosePage(event.target.checked);
      });
      this.$el.addEventListener("click", (event) => this.open(event));
      this.paint();
    },
    destroy() {
      document.removeEventListener("keydown", this.onKey);
      document.removeEventListener("htmx:after:swap", this.onSwap);
      document.removeEventListener("listing:refresh", this.onDone);
    },

    rows() {
      return [...this.$root.querySelectorAll("tbody tr[data-row]")];
    },
    total() {
      return this.$root.querySelector("[data-total]")?.dataset.total ?? "";
    },

    get some() {
      return this.all || this.chosen.length > 0;
    },
    get sentence() {
      return say("chosen", { count: this.all ? this.total() : this.chosen.length });
    },
    get canTakeAll() {
      const rows = this.rows();
      const every = rows.length > 0 && rows.every((row) => this.chosen.includes(row.dataset.row));
      return !this.all && every && this.$root.querySelector("[data-more]") !== null;
    },
    get allSentence() {
      return say("chooseAll", { count: this.total() });
    },

    choose(key, on) {
      this.all = false;
      this.chosen = this.chosen.filter((other) => other !== key);
      if (on) this.chosen = [...this.chosen, key];
      this.paint();
    },
    choosePage(on) {
      this.all = false;
      const keys = this.rows().map((row) => row.dataset.row);
      this.chosen = this.chosen.filter((key) => !keys.includes(key));
      if (on) this.chosen = [...this.chosen, ...keys];
      this.paint();
    },
    takeAll() {
      this.all = true;
      this.paint();
    },
    clear() {
      this.chosen = [];
      this.all = false;
      this.paint();
    },

    /** Make the table and the hidden fields of the bulk form say what is chosen. */
    paint() {
      const table = this.$root.isConnected && this.$root.querySelector("[data-query]");
      if (!table) return;
      // Under other filters the choice would act on rows that cannot be seen.
      if (this.query !== table.dataset.query) {
        this.query = table.dataset.query;
        this.chosen = [];
        this.all = false;
        this.current = -1;
      }
      const rows = this.rows();
      for (const row of rows) {
        const on = this.all || this.chosen.includes(row.dataset.row);
        row.classList.toggle("is-selected", on);
        row.classList.toggle("is-current", rows.indexOf(row) === this.current);
        const box = row.querySelector("[data-choose]");
        if (box) box.checked = on;
      }
      const head = this.$root.querySelector("[data-choose-page]");
      if (head) {
        const on = rows.filter((row) => row.classList.contains("is-selected")).length;
        head.checked = rows.length > 0 && on === rows.length;
        head.indeterminate = on > 0 && on < rows.length;
      }
      const place = this.$root.querySelector("[data-chosen]");
      if (!place) return;
      const names = this.all ? [["all", this.query]] : this.chosen.map((key) => ["row", key]);
      place.replaceChildren(
        ...names.map(([name, value]) => Object.assign(document.createElement("input"), { type: "hidden", name, value })),
      );
    },

    key(event) {
      if (isTyping(event) || document.querySelector("dialog[open]")) return;
      const rows = this.rows();
      if (!rows.length) return;
      const step = { j: 1, k: -1 }[event.key];
      if (step) {
        this.current = Math.min(rows.length - 1, Math.max(0, this.current + step));
        this.paint();
        rows[this.current].scrollIntoView({ block: "nearest" });
        return;
      }
      const row = rows[this.current];
      if (!row) return;
      if (event.key === "x") this.choose(row.dataset.row, !row.classList.contains("is-selected"));
      if (event.key === "Enter" && row.dataset.href && !event.target.closest?.("a, button, summary")) {
        window.location.assign(row.dataset.href);
      }
    },
    /** A click anywhere on a row opens it, unless it was meant for something in the row or text was being marked. */
    open(event) {
      const row = event.target.closest("tr[data-href]");
      if (!row || event.target.closest("a, button, input, label, summary, details")) return;
      if (String(window.getSelection())) return;
      if (event.metaKey || event.ctrlKey) window.open(row.dataset.href, "_blank", "noopener");
      else window.location.assign(row.dataset.href);
    },
  };
}

/** Views a person saved: a name and the address's query, kept in this browser under the list's key. */
export function savedViews() {
  return {
    views: [],
    name: "",

    init() {
      this.store = `liuliang.views.${this.$el.dataset.list}`;
      try {
        this.views = JSON.parse(localStorage.getItem(this.store) ?? "[]");
      } catch {
        this.views = [];
      }
    },
    query() {
      const query = new URLSearchParams(location.search);
      for (const passing of ["after", "before", "export"]) query.delete(passing);
      return query.toString();
    },
    address(view) {
      return view.query ? `?${view.query}` : location.pathname;
    },
    save() {
      const name = this.name.trim();
      if (!name) return;
      this.views = [...this.views.filter((view) => view.name !== name), { name, query: this.query() }];
      this.name = "";
      this.keep();
    },
    drop(view) {
      this.views = this.views.filter((other) => other.name !== view.name);
      this.keep();
    },
    keep() {
      localStorage.setItem(this.store, JSON.stringify(this.views));
    },
  };
}
