// bundle.mjs WEB INTO: one script and one style sheet out of the page's sources, with the notices
// that the licences of what is in them ask for.
import { createRequire } from "node:module";
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [web, into] = process.argv.slice(2);
const { build } = createRequire(join(into, "package.json"))("esbuild");

const result = await build({
  entryPoints: { bundle: join(web, "main.ts"), style: join(web, "style.css") },
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  charset: "ascii",
  legalComments: "none",
  metafile: true,
  write: false,
  outdir: into,
  nodePaths: [join(into, "node_modules")],
  logLevel: "warning",
});

const names = new Set();
for (const input of Object.keys(result.metafile.inputs)) {
  const inside = input.split("node_modules/").pop();
  if (input.includes("node_modules/")) names.add(/^(@[^/]+\/)?[^/]+/.exec(inside)[0]);
}
let notices = "";
for (const name of [...names].sort()) {
  const folder = join(into, "node_modules", name);
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (!file || !existsSync(join(folder, file))) throw new Error(`Error: ${name} has no licence file`);
  notices += `\n${name} ${version}\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
}

// Whole files under their final names, or none.
const put = (name, text) => {
  writeFileSync(join(into, `.${name}`), text);
  renameSync(join(into, `.${name}`), join(into, name));
};
for (const file of result.outputFiles) {
  if (file.path.endsWith(".js")) put("bundle.js", `/*!${notices.replaceAll("*/", "* /").replaceAll("<", "&lt;")}*/\n${file.text}`);
  if (file.path.endsWith(".css")) put("bundle.css", file.text);
}
