// All configurations at a glance, as figure 6 of FlexOS (ASPLOS'22) drew them: a bar of performance
// each, and under it, component by component, which compartment it is in (colour of the cell) and
// whether it is hardened (dot). Few paths instead of thousands of elements: 500 stay quick.
import type { Configuration } from "./data.js";
import { asTable, fitted, h, hideTip, s, shorten, showTip, widthOf } from "./dom.js";
import { percent, score } from "./format.js";
import { tipOf } from "./frontier.js";
import { type State, walk } from "./state.js";

const kRow = 17;
const kBars = 150;
const kTop = 24;
const kPaper = 690; // pixels across a sheet

function starAt(x: number, y: number, size: number): string {
  let path = "";
  for (let i = 0; i < 10; ++i) {
    const r = i % 2 ? size * 0.43 : size;
    const a = (Math.PI * i) / 5 - Math.PI / 2;
    path += `${i ? "L" : "M"}${(x + r * Math.cos(a)).toFixed(1)},${(y + r * Math.sin(a)).toFixed(1)}`;
  }
  return `${path}Z`;
}

/** Compartment of each component, numbered in the order in which the components meet them. */
function numbers(c: Configuration, names: string[]): number[] {
  const seen = new Map<number, number>();
  return names.map((name) => {
    const k = c.compartments.findIndex((x) => x.components.includes(name));
    if (k < 0) return -1;
    if (!seen.has(k)) seen.set(k, seen.size);
    return seen.get(k) ?? 0;
  });
}

export function glance(state: State): HTMLElement {
  const { report } = state;
  const names = report.components.map((c) => c.name);
  const all = report.configurations.filter((c) => c.performance !== null || c.status === "failed");
  if (all.length === 0 || names.length === 0) return h("p", { class: "empty" }, "There is no configuration to draw.");
  const cells = new Map(all.map((c) => [c.id, numbers(c, names)]));
  const names_ = h("div", { class: "row-names" });
  const holder = h("div", { class: "scroll chart", tabindex: 0, role: "group", "aria-roledescription": "chart", "aria-label": "All configurations, fastest first. Arrow keys move from one to the next." });
  const labelWidth = Math.ceil(Math.max(60, ...names.map((name) => widthOf(shorten(name, 18), 12)))) + 14;
  let order: Configuration[] = [];
  let step = 10;
  const left = 4; // before the first bar
  let mark: SVGRectElement | undefined;

  function highlight(): void {
    const at = state.selected ? order.indexOf(state.selected) : -1;
    if (!mark) return;
    mark.style.display = at < 0 ? "none" : "";
    if (at < 0) return;
    const x = left + at * step;
    mark.setAttribute("x", String(x - 0.5));
    if (x < holder.scrollLeft) holder.scrollLeft = x - 40;
    if (x + step > holder.scrollLeft + holder.clientWidth) holder.scrollLeft = x + step - holder.clientWidth + 40;
  }

  /** The drawing of some of them, and the names that stand on its left. */
  function panel(order: Configuration[], step: number): { svg: SVGSVGElement; labels: SVGSVGElement; width: number } {
    const bar = step - (step > 12 ? 4 : 2);
    const width = left + order.length * step + 6;
    const matrixTop = kTop + kBars + 10;
    const height = matrixTop + names.length * kRow + 6;
    const top = Math.max(report.budget ?? 0, ...all.map((c) => c.measured?.high ?? c.performance ?? 0), 0.01) * 1.02;
    const y = (value: number): number => kTop + kBars * (1 - value / top);
    const svg = s("svg", { viewBox: `0 0 ${width} ${height}`, width, height, class: "glance", role: "img", "aria-label": `${order.length} configurations by performance, with their compartments and hardening` });
    const paths = new Map<string, string>();
    const add = (kind: string, d: string): void => void paths.set(kind, (paths.get(kind) ?? "") + d);
    const box = (x: number, top_: number, w: number, h_: number): string => `M${x.toFixed(1)},${top_.toFixed(1)}h${w.toFixed(1)}v${h_.toFixed(1)}h${(-w).toFixed(1)}Z`;
    const dot = (x: number, y_: number, r: number): string => `M${(x - r).toFixed(1)},${y_}a${r},${r} 0 1,0 ${2 * r},0a${r},${r} 0 1,0 ${-2 * r},0`;
    for (const [i, c] of order.entries()) {
      const x = left + i * step + (step - bar) / 2;
      const middle = x + bar / 2;
      const kind = c.within ? "" : "over";
      if (c.performance !== null && c.status !== "failed") {
        const inset = c.measured ? 0 : 0.6;
        add(`bar ${c.status} ${kind}`, box(x + inset, y(c.performance), bar - 2 * inset, kTop + kBars - y(c.performance)));
        if (c.measured) add("whisker", `M${middle.toFixed(1)},${y(c.measured.low).toFixed(1)}V${y(c.measured.high).toFixed(1)}`);
      } else {
        add("cross", `M${middle - 3},${kTop + kBars - 9}l6,6m0,-6l-6,6`);
      }
      if (c.star) add(c === report.stars[0] ? "first-star" : "star-dot", c === report.stars[0] ? starAt(middle, kTop - 6, 6) : dot(middle, kTop - 6, 2));
      const inside = cells.get(c.id) ?? [];
      for (const [row, compartment] of inside.entries()) {
        const cellTop = matrixTop + row * kRow;
        add(`cell k${compartment < 0 ? "none" : Math.min(compartment, 9)}`, box(left + i * step, cellTop, step - (step > 12 ? 1.5 : 0.8), kRow - 1.5));
        const name = names[row] ?? "";
        const count = (c.hardening.get(name)?.length ?? 0) + ((c.raw.variants?.[name] ?? "default") === "default" ? 0 : 1);
        const r = Math.min(step, kRow) * 0.19 + (count > 1 ? Math.min(count, 4) * 0.35 : 0);
        add(count ? "hard" : "soft", dot(left + i * step + (step - 1) / 2, cellTop + (kRow - 1.5) / 2, count ? r : r * 0.8));
      }
    }
    // Beside what scrolls, so that the names stay in sight.
    const labels = s("svg", { viewBox: `0 0 ${labelWidth} ${height}`, width: labelWidth, height, class: "glance", "aria-hidden": "true" });
    const ticks = [0, 0.25, 0.5, 0.75, 1].filter((t) => t <= top && Math.abs(t - (report.budget ?? -1)) > top * 0.07);
    for (const t of ticks) {
      svg.append(s("path", { class: "grid", d: `M0,${y(t)}H${width - 4}` }));
      labels.append(s("text", { class: "tick", x: labelWidth - 6, y: y(t) + 4, "text-anchor": "end" }, `${100 * t} %`));
    }
    for (const kind of [...paths.keys()].sort((a, b) => Number(a === "whisker") - Number(b === "whisker"))) svg.append(s("path", { class: kind, d: paths.get(kind) ?? "" }));
    if (report.budget !== null) {
      svg.append(s("path", { class: "budget", d: `M0,${y(report.budget)}H${width - 4}` }));
      labels.append(s("text", { class: "tick budget-name", x: labelWidth - 6, y: y(report.budget) + 4, "text-anchor": "end" }, "budget"));
    }
    for (const [row, c] of report.components.entries()) {
      labels.append(s("text", { class: c.untrusted ? "row-label untrusted" : "row-label", x: labelWidth - 8, y: matrixTop + row * kRow + kRow / 2 + 3, "text-anchor": "end" }, shorten(c.name, 18), s("title", {}, c.name)));
    }
    return { svg, labels, width };
  }

  function draw(): void {
    order = all.filter((c) => state.visible.has(c.id))
      .sort((a, b) => Number(a.status === "failed") - Number(b.status === "failed") || (b.performance ?? 0) - (a.performance ?? 0));
    const room = holder.clientWidth || 900;
    step = Math.max(9, Math.min(26, Math.floor((room - left - 6) / Math.max(1, order.length))));
    const { svg, labels, width } = panel(order, step);
    const height = kTop + kBars + 16 + names.length * kRow;
    mark = s("rect", { class: "column", y: 2, width: step, height: height - 4, rx: 3 });
    svg.append(mark);
    const under = (event: MouseEvent): Configuration | undefined => {
      const box_ = svg.getBoundingClientRect();
      return order[Math.floor(((event.clientX - box_.left) * (width / box_.width) - left) / step)];
    };
    svg.addEventListener("pointermove", (event) => {
      const c = under(event);
      if (c) showTip({ x: event.clientX, y: event.clientY }, tipOf(c));
      else hideTip();
    });
    svg.addEventListener("pointerleave", hideTip);
    svg.addEventListener("click", (event) => state.select(under(event)));
    names_.replaceChildren(labels);
    holder.replaceChildren(svg);
    highlight();
  }

  // Paper does not scroll: there the drawing is cut into rows that fit.
  const paper = h("div", { class: "print-only" });
  addEventListener("beforeprint", () => {
    const room = kPaper - labelWidth - left - 6;
    const fit = Math.floor(room / 9);
    const rows = Math.ceil(order.length / fit);
    const each = Math.ceil(order.length / Math.max(1, rows));
    for (let i = 0; i < order.length; i += each) {
      const part = panel(order.slice(i, i + each), Math.min(20, Math.floor(room / each)));
      paper.append(h("div", { class: "glance-box" }, h("div", {}, part.labels), part.svg));
    }
  });
  addEventListener("afterprint", () => paper.replaceChildren());

  fitted(holder, draw);
  walk(holder, state, () => order);
  state.onSelect(highlight);
  state.onFilter(draw);
  const swatch = (kind: string, mark_: SVGElement | null, text: string): Node =>
    h("span", { class: "entry" }, s("svg", { width: 16, height: 14, viewBox: "0 0 16 14", class: "glance", "aria-hidden": "true" }, kind ? s("rect", { class: kind, width: 16, height: 14 }) : null, mark_), text);
  return h("figure", {}, h("div", { class: "glance-box screen-only" }, names_, holder), paper,
    h("figcaption", { class: "legend" },
      swatch("cell k0", null, "the application's compartment"), swatch("cell k1", null, "the second"), swatch("cell k2", null, "the third, and so on"),
      report.stars.length ? swatch("", s("path", { class: "first-star", d: starAt(8, 7, 6) }), report.budget === null ? "nothing is safer" : "nothing affordable is safer") : null,
      swatch("", s("path", { class: "hard", d: "M4.5,7a3.5,3.5 0 1,0 7,0a3.5,3.5 0 1,0 -7,0" }), "hardened"),
      swatch("", s("path", { class: "soft", d: "M5,7a3,3 0 1,0 6,0a3,3 0 1,0 -6,0" }), "not hardened")),
    asTable("The view", ["configuration", "performance", "score", ...names], () =>
      order.map((c) => [c.id, percent(c.performance), score(c.score), ...(cells.get(c.id) ?? []).map((k, i) => `${k + 1}${(c.hardening.get(names[i] ?? "") ?? []).map((x) => ` ${x}`).join("")}`)])));
}
