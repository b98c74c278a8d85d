// Files dropped here are sent one after another, each with its own progress; the server's answer for each takes the
// place of its bar. Without a script the same form sends the files the plain way.
import { csrfToken } from "./requests.js";
import { say } from "./words.js";

const UNITS = ["B", "KB", "MB", "GB"];

function size(bytes) {
  const step = bytes > 0 ? Math.min(3, Math.floor(Math.log(bytes) / Math.log(1024))) : 0;
  return `${(bytes / 1024 ** step).toFixed(step ? 1 : 0)} ${UNITS[step]}`;
}

export function dropzone() {
  return {
    init() {
      this.form = this.$el.querySelector("form");
      this.input = this.form.querySelector("input[type=file]");
      this.list = this.$el.querySelector(".drop-list");
      this.template = this.$el.querySelector("template");
      this.queue = Promise.resolve();
      this.form.querySelector("[data-plain]")?.setAttribute("hidden", "");
      this.input.addEventListener("change", () => this.take(this.input.files));
      for (const [name, over] of [["dragenter", true], ["dragover", true], ["dragleave", false], ["drop", false]]) {
        this.$el.addEventListener(name, (event) => {
          event.preventDefault();
          this.$el.classList.toggle("is-over", over);
          if (name === "drop") this.take(event.dataTransfer.files);
        });
      }
    },
    take(files) {
      for (const file of files) {
        const row = this.template.content.firstElementChild.cloneNode(true);
        row.querySelector("[data-name]").textContent = file.name;
        row.querySelector("[data-size]").textContent = size(file.size);
        row.querySelector("progress").setAttribute("aria-label", file.name);
        this.list.append(row);
        this.queue = this.queue.then(() => this.send(file, row));
      }
      this.input.value = "";
    },
    send(file, row) {
      return new Promise((done) => {
        const bar = row.querySelector("progress");
        const state = row.querySelector("[data-state]");
        const request = new XMLHttpRequest(); // fetch does not tell how much has been sent
        request.open("POST", this.form.action);
        request.setRequestHeader("X-CSRFToken", csrfToken());
        request.setRequestHeader("HX-Request", "true");
        const begun = performance.now();
        request.upload.addEventListener("progress", ({ loaded, total }) => {
          bar.max = total;
          bar.value = loaded;
          const rate = loaded / Math.max(1, performance.now() - begun);
          const left = Math.ceil((total - loaded) / rate / 1000);
          state.textContent = loaded < total ? say("uploading", { percent: Math.floor((loaded / total) * 100), left }) : say("reading");
        });
        const stop = row.querySelector("[data-stop]");
        stop.addEventListener("click", () => request.abort());
        const fail = (text) => {
          bar.classList.add("is-failed");
          state.textContent = text;
          state.classList.add("bad");
          stop.remove();
        };
        request.addEventListener("load", () => {
          if (request.status === 200 || request.status === 422) {
            row.innerHTML = request.responseText;
            window.htmx.process(row);
          } else {
            const plain = /^text\/plain/.test(request.getResponseHeader("Content-Type") ?? "");
            fail((plain && request.responseText.trim()) || say(request.status === 413 ? "tooLarge" : "failed"));
          }
        });
        request.addEventListener("error", () => fail(say("offline")));
        request.addEventListener("abort", () => row.remove());
        request.addEventListener("loadend", () => done());
        const body = new FormData(this.form);
        body.delete(this.input.name);
        body.append(this.input.name, file);
        request.send(body);
      });
    },
  };
}
