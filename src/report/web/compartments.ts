// A configuration as a drawing: compartments as boxes in their nesting, gates as edges.
import * as dagre from "@dagrejs/dagre";
import type { Configuration, Report } from "./data.js";
import { boundary } from "./data.js";
import { asTable, h, s, shorten, widthOf } from "./dom.js";
import { amount } from "./format.js";

const kFont = 12.5;
const kSmall = 11;
const kLine = 20;

export interface Edge {
  from: number;
  to: number;
  mechanism: string;
  calls: number | null;
  functions: Set<string>;
  cost: number | null;
}

/** The class of a mechanism's colour: its place among those that separate, weakest first. */
export function mechanismClass(report: Report, mechanism: string): string {
  const separating = report.mechanisms.filter((m) => m !== "none");
  const at = separating.indexOf(mechanism);
  return `m${at < 0 ? 0 : Math.min(5, Math.round((at * 5) / Math.max(1, separating.length - 1)))}`;
}

/** One edge for all gates from one compartment into another. */
export function edgesOf(c: Configuration): Edge[] {
  const home = new Map<string, number>();
  for (const [i, k] of c.compartments.entries()) for (const name of k.components) home.set(name, i);
  const edges = new Map<string, Edge>();
  const edge = (caller: string, callee: string): Edge | null => {
    const from = home.get(caller);
    const to = home.get(callee);
    if (from === undefined || to === undefined || from === to) return null;
    const key = `${from} ${to}`;
    let found = edges.get(key);
    if (!found) {
      const a = c.compartments[from];
      const b = c.compartments[to];
      found = { from, to, mechanism: a && b ? boundary(a, b) : "", calls: null, functions: new Set(), cost: null };
      edges.set(key, found);
    }
    return found;
  };
  for (const g of c.raw.costs?.gates ?? []) {
    const e = edge(g.from, g.to);
    if (!e) continue;
    e.calls = (e.calls ?? 0) + (g.calls ?? 0);
    e.cost = (e.cost ?? 0) + (g.cost ?? 0);
    if (g.mechanism) e.mechanism = g.mechanism;
  }
  for (const g of c.raw.image?.gates ?? []) edge(g.caller, g.callee)?.functions.add(g.function);
  return [...edges.values()];
}

/** A letter or two for each hardening, so that a box stays small; the legend says which is which. */
export function letters(report: Report): Map<string, string> {
  const names = [...(report.raw.hardenings ?? [])];
  for (const c of report.byId.values()) {
    for (const chosen of c.hardening.values()) for (const name of chosen) if (!names.includes(name)) names.push(name);
  }
  const taken = new Set<string>();
  const result = new Map<string, string>();
  for (const name of names.sort()) {
    const words = name.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
    const wanted = [[...(words[0] ?? "?")][0] ?? "?", words.map((w) => [...w][0]).join("").slice(0, 2), [...(words[0] ?? "?")].slice(0, 2).join("")];
    const letter = wanted.map((w) => w.toUpperCase()).find((w) => !taken.has(w)) ?? String(taken.size + 1);
    taken.add(letter);
    result.set(name, letter);
  }
  return result;
}

interface Chip {
  text: string;
  full: string;
  width: number;
}

interface Line {
  text: string;
  full: string;
  width: number;
  chips: Chip[];
  untrusted: boolean;
}

function linesOf(report: Report, c: Configuration, components: string[], short: Map<string, string>): Line[] {
  return components.map((name) => {
    const text = shorten(name, 24);
    const variant = c.raw.variants?.[name];
    const chips: Chip[] = [];
    const chip = (full: string, label: string): void => void chips.push({ text: label, full, width: Math.max(14, widthOf(label, 9.5, 600) + 6) });
    if (variant && variant !== "default") chip(`${variant} variant`, shorten(variant, 12));
    for (const name_ of c.hardening.get(name) ?? []) chip(name_, short.get(name_) ?? shorten(name_, 8));
    const width = chips.reduce((sum, x) => sum + x.width + 2, widthOf(text, kFont) + 22);
    return { text, full: name, width, chips, untrusted: report.components.find((x) => x.name === name)?.untrusted === true };
  });
}

export function compartmentDrawing(report: Report, c: Configuration): HTMLElement {
  if (c.compartments.length === 0) return h("p", { class: "empty" }, "The data does not say how it is split.");
  const graph = new dagre.graphlib.Graph({ compound: true, multigraph: false });
  graph.setGraph({ rankdir: "TB", nodesep: 18, ranksep: 36, edgesep: 10, marginx: 6, marginy: 6 });
  graph.setDefaultEdgeLabel(() => ({}));
  const short = letters(report);
  const boxes = c.compartments.map((k) => linesOf(report, c, k.components, short));
  const edges = edgesOf(c);
  for (const [i, lines] of boxes.entries()) {
    graph.setNode(`c${i}`, {
      width: Math.max(76, ...lines.map((line) => line.width)),
      height: lines.length * kLine + 24,
    });
  }
  // Frames of the nesting: every class of compartments that holds two or more, outermost first.
  const frames = new Map<string, { mechanism: string; members: number[] }>();
  for (const [i, k] of c.compartments.entries()) {
    for (let depth = 1; depth <= k.path.length; ++depth) {
      const key = k.path.slice(0, depth).join("/");
      const frame = frames.get(key) ?? { mechanism: (k.path[depth - 1] ?? "").replace(/:\d+$/, ""), members: [] };
      frame.members.push(i);
      frames.set(key, frame);
    }
  }
  for (const [key, frame] of frames) if (frame.members.length < 2) frames.delete(key);
  for (const [key, frame] of frames) graph.setNode(`f${key}`, { label: frame.mechanism });
  const frameAbove = (path: string[], depth: number): string | undefined => {
    for (let d = depth; d > 0; --d) if (frames.has(path.slice(0, d).join("/"))) return `f${path.slice(0, d).join("/")}`;
    return undefined;
  };
  for (const [i, k] of c.compartments.entries()) {
    const parent = frameAbove(k.path, k.path.length);
    if (parent) graph.setParent(`c${i}`, parent);
  }
  for (const key of frames.keys()) {
    const path = key.split("/");
    const parent = frameAbove(path, path.length - 1);
    if (parent) graph.setParent(`f${key}`, parent);
  }
  // A call now and then needs no figure: it would hide those that matter.
  const most = Math.max(...edges.map((e) => e.calls ?? 0));
  const labelOf = (e: Edge): string =>
    e.calls !== null ? (e.calls < most * 0.004 ? "" : amount(e.calls)) : "";
  for (const e of edges) {
    graph.setEdge(`c${e.from}`, `c${e.to}`, labelOf(e) ? { width: widthOf(labelOf(e), kSmall) + 8, height: 14, labelpos: "c" } : { width: 0, height: 0 });
  }
  try {
    dagre.layout(graph);
  } catch {
    // Nested frames and cycles together are more than some layouts take; the boxes alone are not.
    for (const key of frames.keys()) graph.removeNode(`f${key}`);
    frames.clear();
    dagre.layout(graph);
  }
  const size = graph.graph() as { width?: number; height?: number };
  const width = Math.ceil(size.width ?? 300);
  const height = Math.ceil(size.height ?? 200);
  const svg = s("svg", {
    viewBox: `0 0 ${width} ${height}`, width, height, class: "compartments", role: "img",
    "aria-label": `${c.compartments.length} compartments: ${c.layout}`,
  });
  svg.append(
    s("defs", {}, s("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse" }, s("path", { d: "M0,0.8L7.5,4L0,7.2Z", class: "arrowhead" }))),
  );
  for (const [key] of [...frames].sort(([a], [b]) => a.length - b.length)) {
    const box = graph.node(`f${key}`) as { x: number; y: number; width: number; height: number };
    svg.append(s("rect", { class: "frame", x: box.x - box.width / 2, y: box.y - box.height / 2, width: box.width, height: box.height, rx: 8 }));
  }
  const busiest = Math.max(1e-9, ...edges.map((e) => e.cost ?? e.calls ?? 0));
  for (const e of edges) {
    const route = graph.edge(`c${e.from}`, `c${e.to}`) as { points: { x: number; y: number }[]; x?: number; y?: number };
    const weight = 1 + 2.5 * Math.sqrt((e.cost ?? e.calls ?? 0) / busiest);
    const path = s("path", { class: `gate ${mechanismClass(report, e.mechanism)}`, d: smooth(route.points), "stroke-width": weight.toFixed(2), "marker-end": "url(#arrow)" });
    path.append(s("title", {}, describe(c, e)));
    svg.append(path);
    const text = labelOf(e);
    if (text && route.x !== undefined && route.y !== undefined) {
      svg.append(s("text", { class: "gate-label", x: route.x, y: route.y + 4, "text-anchor": "middle" }, text, s("title", {}, describe(c, e))));
    }
  }
  for (const [i, lines] of boxes.entries()) {
    const box = graph.node(`c${i}`) as { x: number; y: number; width: number; height: number };
    const left = box.x - box.width / 2;
    const top = box.y - box.height / 2;
    svg.append(s("rect", { class: "box", x: left, y: top, width: box.width, height: box.height, rx: 6 }));
    const number = c.raw.image?.compartments?.find((k) => k.components.some((name) => lines[0]?.full === name));
    svg.append(s("text", { class: "box-head", x: left + 9, y: top + 15 }, number ? `${number.number}${number.key ? ` · key ${number.key}` : ""}` : `${i + 1}`));
    for (const [n, line] of lines.entries()) {
      const y = top + 22 + n * kLine;
      const text = s("text", { class: line.untrusted ? "component untrusted" : "component", x: left + 9, y: y + 13 }, line.text);
      const about = report.components.find((x) => x.name === line.full)?.description ?? "";
      text.append(s("title", {}, `${line.full}${line.untrusted ? " (untrusted)" : ""}${about ? `: ${about}` : ""}`));
      svg.append(text);
      let x = left + 9 + widthOf(line.text, kFont) + 7;
      for (const chip of line.chips) {
        const title = s("title", {}, chip.full);
        svg.append(s("g", {}, title, s("rect", { class: "chip", x, y: y + 2.5, width: chip.width, height: 14, rx: 3 }), s("text", { class: "chip-text", x: x + chip.width / 2, y: y + 13 }, chip.text)));
        x += chip.width + 2;
      }
    }
  }
  const used = c.mechanisms.length ? c.mechanisms : [...new Set(edges.map((e) => e.mechanism))].filter(Boolean);
  // A drawing that has to shrink much to fit is there in full size as well.
  svg.style.minWidth = `${Math.min(width, 300)}px`;
  const hard = [...new Set(boxes.flat().flatMap((line) => line.chips.map((chip) => chip.full)))];
  const legend = h("div", { class: "legend small" },
    ...used.map((m) => h("span", { class: "entry" }, s("svg", { width: 22, height: 10, viewBox: "0 0 22 10", "aria-hidden": "true" }, s("path", { d: "M1,5H21", class: `gate ${mechanismClass(report, m)}`, "stroke-width": 2.5 })), m)),
    edges.length ? h("span", {}, "figures: calls an operation") : null,
    ...hard.filter((name) => short.has(name)).map((name) => h("span", { class: "entry" }, h("span", { class: "letter" }, short.get(name)), name)),
    report.components.some((x) => x.untrusted) ? h("span", { class: "entry untrusted" }, "untrusted") : null);
  const enlarge = h("button", { type: "button", class: "link" }, "enlarge");
  enlarge.addEventListener("click", () => show(c, svg, legend));
  return h("div", { class: "drawing" },
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Compartments and gates" }, svg),
    legend, width > 420 ? h("div", { class: "tools small" }, enlarge) : null,
    edges.length
      ? asTable("The gates", ["from", "to", "mechanism", "calls an operation", `${report.clock} an operation`, "entries"], () =>
          edges.map((e) => [
            c.compartments[e.from]?.components.join(" ") ?? "", c.compartments[e.to]?.components.join(" ") ?? "",
            e.mechanism, amount(e.calls), amount(e.cost), [...e.functions].join(" "),
          ]))
      : null);
}

/** The drawing in its own size, over the page. */
function show(c: Configuration, svg: SVGElement, legend: HTMLElement): void {
  const large = svg.cloneNode(true) as SVGElement;
  large.style.minWidth = "";
  const close = h("button", { type: "button", class: "quiet" }, "close");
  const dialog = h("dialog", { "aria-label": `Compartments of ${c.id}` }, h("header", {}, h("h2", {}, h("code", {}, c.id)), close), h("div", { class: "scroll" }, large), legend.cloneNode(true));
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function describe(c: Configuration, e: Edge): string {
  const name = (i: number): string => c.compartments[i]?.components.join(" ") ?? "";
  const functions = [...e.functions];
  const shown = functions.slice(0, 12).join(", ") + (functions.length > 12 ? ", …" : "");
  return `{${name(e.from)}} → {${name(e.to)}}\n${e.mechanism}, ${amount(e.calls)} calls an operation${functions.length ? `\n${functions.length} entries: ${shown}` : ""}`;
}

/** A curve through the layout's points. */
function smooth(points: { x: number; y: number }[]): string {
  const p = (i: number): { x: number; y: number } => points[Math.max(0, Math.min(points.length - 1, i))] ?? { x: 0, y: 0 };
  const at = (q: { x: number; y: number }): string => `${q.x.toFixed(1)},${q.y.toFixed(1)}`;
  if (points.length < 3) return `M${at(p(0))}L${at(p(points.length - 1))}`;
  let path = `M${at(p(0))}`;
  for (let i = 1; i < points.length - 1; ++i) {
    const middle = { x: (p(i).x + p(i + 1).x) / 2, y: (p(i).y + p(i + 1).y) / 2 };
    const end = i === points.length - 2 ? p(points.length - 1) : middle;
    path += `Q${at(p(i))} ${at(end)}`;
  }
  return path;
}
