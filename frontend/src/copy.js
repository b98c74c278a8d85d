// Copying: a button with data-copy="id" copies the text of the field with that id, and says so.
import { toast } from "./toasts.js";
import { say } from "./words.js";

export function copy() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const field = document.getElementById(button.dataset.copy);
    field.select();
    try {
      // Only there on a safe connection; elsewhere the text is selected, one key away from being copied.
      await navigator.clipboard.writeText(field.value);
      toast({ kind: "success", text: say("copied") });
    } catch {
      toast({ kind: "info", text: say("copyByHand") });
    }
  });
}
