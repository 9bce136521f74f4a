// Everything about the selected configuration, beside whatever one looks at.
import { attackMatrix } from "./attacks.js";
import { compartmentDrawing } from "./compartments.js";
import type { Configuration, Report } from "./data.js";
import { h } from "./dom.js";
import { amount, bytes, none, percent, plural, range, score, seconds, state as stateOf } from "./format.js";
import type { State } from "./state.js";
import { waterfall } from "./waterfall.js";

function figures(c: Configuration): HTMLElement {
  const figure = (name: string, value: string, note: string, kind = ""): HTMLElement =>
    h("div", { class: `figure ${kind}` }, h("dt", {}, name), h("dd", {}, h("b", {}, value), h("span", { class: "muted" }, note)));
  return h("dl", { class: "figures" },
    c.measured
      ? figure("measured", percent(c.measured.median), range(c.measured), "solid")
      : figure("measured", none, c.status === "failed" ? (c.raw.failure?.cause ?? "failed") : "not measured"),
    figure("predicted", percent(c.predicted), c.raw.slowdown ? `${c.raw.slowdown.toFixed(3)}× as long` : ""),
    figure("safety score", score(c.score), c.score === null ? "" : `risk left ${(1 - c.score).toFixed(3)}`));
}

function facts(report: Report, c: Configuration): HTMLElement | null {
  const m = c.raw.measured;
  const rows: [string, string][] = [];
  const add = (name: string, value: number | null | undefined, text: (v: number) => string): void => {
    if (value !== null && value !== undefined) rows.push([name, text(value)]);
  };
  if (m) {
    add("time an operation", m.per_operation?.median, (v) => `${amount(v)} ${report.clock}`);
    add("throughput", m.throughput, (v) => `${amount(v)} operations/s`);
    for (const [name, value] of Object.entries(m.latency ?? {})) add(`latency ${name}`, value, (v) => `${amount(v)} ${report.clock}`);
    add("instructions", m.instructions, (v) => `${amount(v)} an operation`);
    add("gate crossings", m.crossings, (v) => `${amount(v)} an operation`);
    add("boot", m.boot_seconds, seconds);
    add("memory", m.memory_bytes, bytes);
    add("image", m.image_bytes, bytes);
    if (m.runs) rows.push(["runs", `${m.runs}${m.outliers ? `, ${plural(m.outliers, "outlier")} kept` : ""}${m.drift ? ", drifting" : ""}`]);
  } else {
    add("memory, estimate", c.raw.memory_bytes_estimate, bytes);
    add("image", c.raw.image?.bytes, bytes);
  }
  if (c.raw.sharing) rows.push(["data crosses by", c.raw.sharing]);
  if (c.raw.image?.gates) rows.push(["entries through gates", String(c.raw.image.gates.length)]);
  if (rows.length === 0) return null;
  return h("dl", { class: "facts" }, ...rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

function quoted(word: string): string {
  return /^[\w./@%+=:,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

export function inspect(report: Report, c: Configuration): HTMLElement[] {
  const parts: HTMLElement[] = [];
  const badges = h("span", { class: "badges" });
  if (c.star) badges.append(h("span", { class: "badge star" }, report.budget === null ? "★ nothing is safer" : "★ nothing affordable is safer"));
  badges.append(h("span", { class: `badge ${c.status === "failed" ? "bad" : c.within ? "" : "grey"}` }, stateOf(c)));
  parts.push(h("header", {}, h("h2", {}, h("code", {}, c.id)), badges), figures(c));
  if (c.raw.failure) {
    parts.push(h("p", { class: "verdict bad" }, `✗ ${c.raw.failure.cause ?? "failed"}${c.raw.failure.detail ? `: ${c.raw.failure.detail}` : ""}`));
  }
  const section = (title: string, content: HTMLElement | null): void => {
    if (content) parts.push(h("section", {}, h("h3", {}, title), content));
  };
  section("Compartments and gates", compartmentDrawing(report, c));
  section("Where the time goes", waterfall(report, c));
  section(c.measured ? "Measured" : "Facts", facts(report, c));
  section("Attacked from inside", attackMatrix(c));
  const scan = c.raw.scan;
  if (scan) {
    section("Scan of every byte", h("p", { class: scan.clean === false ? "verdict bad" : "verdict good" },
      scan.clean === false ? "✗ code of the image could change its own rights" : `✓ no code can change its own rights${scan.fenced ? `; ${plural(scan.fenced, "hidden system call")} fenced` : ""}`));
  }
  if (report.raw.file) {
    const command = `flexos-explore build ${quoted(report.raw.file)} --config ${quoted(c.id)}`;
    section("Make this image", h("pre", { tabindex: 0 }, command));
  }
  return parts;
}

export function inspector(state: State): HTMLElement {
  const aside = h("aside", { class: "inspector", id: "inspector", "aria-label": "Selected configuration", tabindex: -1 });
  const said = h("div", { class: "sr-only", role: "status", "aria-live": "polite" });
  const draw = (): void => {
    const c = state.selected;
    if (!c) {
      aside.replaceChildren(h("p", { class: "empty" }, "Nothing is selected."));
      return;
    }
    aside.replaceChildren(...inspect(state.report, c), said);
    aside.scrollTop = 0;
    said.textContent = `${c.id}: ${stateOf(c)}, performance ${percent(c.performance)}, score ${score(c.score)}${c.star ? ", nothing affordable is safer" : ""}`;
  };
  draw();
  state.onSelect(draw);
  return aside;
}
