// Drag to put in order: <ul x-data="sortable" data-order-field="order">; the order goes into a hidden field, or, with
// data-order-url, to the server. SortableJS is a chunk of its own.
import { csrfToken } from "./requests.js";

export function sortable() {
  return {
    async init() {
      const { default: Sortable } = await import("sortablejs/modular/sortable.core.esm.js");
      if (!this.$el.isConnected) return;
      this.sorter = Sortable.create(this.$el, {
        animation: 120,
        handle: this.$el.dataset.handle || undefined,
        onEnd: () => this.save(),
      });
    },
    save() {
      const { orderField, orderUrl } = this.$el.dataset;
      const keys = this.sorter.toArray();
      if (orderField) {
        const field = this.$el.closest("form").elements.namedItem(orderField);
        field.value = keys.join(",");
        field.dispatchEvent(new Event("input", { bubbles: true }));
      }
      if (orderUrl) {
        const body = new URLSearchParams(keys.map((key) => ["order", key]));
        fetch(orderUrl, { method: "POST", body, headers: { "X-CSRFToken": csrfToken() } });
      }
    },
    destroy() {
      this.sorter?.destroy();
    },
  };
}
