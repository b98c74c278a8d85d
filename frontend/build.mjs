// Builds the console's assets into src/liuliang/ui/static/liuliang with hashed names and a manifest.
// Called by hatch_build.py, which gives the names of the icons in use on standard input as a JSON list.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "../src/liuliang/ui/static/liuliang");

// Components of Tabler that the console has parts of its own for, or none at all; and the dark theme. A third of the sheet.
const UNUSED =
  /\.(navbar|offcanvas|carousel|ribbon|modal|popover|tooltip|irs|switch-icon|signal|link-|calendar|otp|accordion|dropzone|toast)|data-bs-theme=.?dark/;

/** Leave the rules out whose every selector is of an unused component. */
function withoutUnused(css) {
  let kept = "";
  for (let at = 0; at < css.length; ) {
    const open = css.indexOf("{", at);
    if (open < 0) return kept + css.slice(at);
    let depth = 1;
    let close = open + 1;
    for (; depth > 0; close++) depth += css[close] === "{" ? 1 : css[close] === "}" ? -1 : 0;
    const [head, body] = [css.slice(at, open), css.slice(open + 1, close - 1)];
    if (/@(media|supports)[^;]*$/.test(head)) kept += `${head}{${withoutUnused(body)}}`;
    else if (head.includes("@") || !head.split(",").every((selector) => UNUSED.test(selector))) kept += `${head}{${body}}`;
    at = close;
  }
  return kept;
}

// Tabler's style sheet carries its pictures as data: addresses. As files they need no exception in the
// Content-Security-Policy (img-src 'self').
const lighterTabler = {
  name: "lighter-tabler",
  setup(bundler) {
    const pictures = [];
    bundler.onLoad({ filter: /tabler\.min\.css$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      const contents = withoutUnused(text).replace(/url\("data:image\/svg\+xml,([^"]*)"\)/g, (_, encoded) => {
        const svg = decodeURIComponent(encoded);
        if (!pictures.includes(svg)) pictures.push(svg);
        return `url("picture:${pictures.indexOf(svg)}")`;
      });
      return { contents, loader: "css", resolveDir: dirname(path) };
    });
    bundler.onResolve({ filter: /^picture:/ }, ({ path }) => ({ path: `${path.slice(8)}.svg`, namespace: "picture" }));
    bundler.onLoad({ filter: /.*/, namespace: "picture" }, ({ path }) => ({
      contents: pictures[parseInt(path, 10)],
      loader: "file",
    }));
  },
};

/** Draw the named Tabler icons as one SVG sprite; words that are no icon are left out. */
async function sprite(names) {
  const folder = join(here, "node_modules/@tabler/icons");
  const outline = JSON.parse(await readFile(join(folder, "tabler-nodes-outline.json"), "utf8"));
  const filled = JSON.parse(await readFile(join(folder, "tabler-nodes-filled.json"), "utf8"));
  const attributes = (pairs) =>
    Object.entries(pairs)
      .map(([name, value]) => ` ${name}="${value}"`)
      .join("");
  const symbols = [];
  for (const name of names) {
    const solid = name.endsWith("-filled");
    const nodes = solid ? filled[name.slice(0, -"-filled".length)] : outline[name];
    if (!nodes) continue;
    const paint = solid ? ' fill="currentColor" stroke="none"' : "";
    const shapes = nodes.map(([tag, pairs]) => `<${tag}${attributes(pairs)}/>`).join("");
    symbols.push(`<symbol id="${name}" viewBox="0 0 24 24"${paint}>${shapes}</symbol>`);
  }
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`;
}

async function standardInput() {
  let text = "";
  for await (const chunk of process.stdin) text += chunk;
  return text;
}

const names = JSON.parse(await standardInput());
const icons = await sprite(names);
const result = await build({
  absWorkingDir: here,
  entryPoints: ["src/console.js", "src/console.css", "src/mark.svg"],
  loader: { ".svg": "copy" },
  outdir: out,
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["es2022", "chrome111", "firefox121", "safari16.4"],
  minify: true,
  metafile: true,
  write: false,
  legalComments: "linked",
  logLevel: "warning",
  plugins: [lighterTabler],
});

const manifest = {};
for (const [path, { entryPoint }] of Object.entries(result.metafile.outputs)) {
  if (entryPoint) manifest[basename(entryPoint)] = relative(out, join(here, path));
}
const digest = createHash("sha256").update(icons).digest("hex").slice(0, 8).toUpperCase();
manifest["icons.svg"] = `icons-${digest}.svg`;

// Names carry hashes, so the new files stand beside the old until the manifest, renamed into place, points at them:
// a server that is running, or another build, never meets a gap.
await mkdir(out, { recursive: true });
const files = new Map(result.outputFiles.map(({ path, contents }) => [relative(out, path), contents]));
files.set(manifest["icons.svg"], icons);
// Packed once, as small as it gets (brotli's best is its default); what gains nothing stays alone.
for (const [name, contents] of [...files]) {
  const packed = { ".br": brotliCompressSync(contents), ".gz": gzipSync(contents, { level: 9 }) };
  for (const [ending, smaller] of Object.entries(packed)) {
    if (smaller.length < contents.length * 0.9) files.set(name + ending, smaller);
  }
}
for (const [name, contents] of files) await writeFile(join(out, name), contents);
const draft = join(out, `manifest-${process.pid}.tmp`);
await writeFile(draft, `${JSON.stringify(manifest, null, 2)}\n`);
await rename(draft, join(out, "manifest.json"));
for (const name of await readdir(out)) {
  if (name !== "manifest.json" && !files.has(name)) await rm(join(out, name));
}
