// Was the prediction right? Each measured configuration against what the cost model said.
import * as Plot from "@observablehq/plot";
import type { Configuration } from "./data.js";
import { asTable, h, hideTip, s, showTip } from "./dom.js";
import { percent, plural, range } from "./format.js";
import { tipOf } from "./frontier.js";
import { type State, walk } from "./state.js";

interface Pair {
  c: Configuration;
  predicted: number;
  measured: number;
}

/** Rank correlation; ties share their rank. */
export function spearman(pairs: { predicted: number; measured: number }[]): number | null {
  if (pairs.length < 3) return null;
  const ranks = (values: number[]): number[] => {
    const order = values.map((_, i) => i).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
    const result = new Array<number>(values.length).fill(0);
    for (let i = 0; i < order.length; ) {
      let end = i;
      while (end + 1 < order.length && values[order[end + 1] ?? 0] === values[order[i] ?? 0]) ++end;
      for (let k = i; k <= end; ++k) result[order[k] ?? 0] = (i + end) / 2;
      i = end + 1;
    }
    return result;
  };
  const x = ranks(pairs.map((p) => p.predicted));
  const y = ranks(pairs.map((p) => p.measured));
  const mean = (pairs.length - 1) / 2;
  let xy = 0;
  let xx = 0;
  let yy = 0;
  for (let i = 0; i < x.length; ++i) {
    const a = (x[i] ?? 0) - mean;
    const b = (y[i] ?? 0) - mean;
    xy += a * b;
    xx += a * a;
    yy += b * b;
  }
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : null;
}

export function comparison(state: State): HTMLElement | null {
  const pairs: Pair[] = state.report.configurations.flatMap((c) =>
    c.measured && c.predicted !== null ? [{ c, predicted: c.predicted, measured: c.measured.median }] : []);
  if (pairs.length === 0) return null;
  const errors = pairs.map((p) => p.measured / p.predicted - 1);
  const mean = errors.reduce((sum, e) => sum + Math.abs(e), 0) / errors.length;
  const worst = pairs.reduce((a, b) => (Math.abs(a.measured / a.predicted - 1) >= Math.abs(b.measured / b.predicted - 1) ? a : b));
  const rho = spearman(pairs);
  const holder = h("div", { class: "chart", tabindex: 0, role: "group", "aria-roledescription": "chart", "aria-label": "Predicted against measured performance. Arrow keys move along the prediction." });
  const order = [...pairs].sort((a, b) => a.predicted - b.predicted).map((p) => p.c);
  let dots = new Map<string, Element>();
  const highlight = (): void => {
    for (const [id, dot] of dots) {
      dot.classList.toggle("selected", id === state.selected?.id);
      dot.classList.toggle("faded", !state.visible.has(id));
    }
  };
  function draw(width: number): void {
    const size = Math.min(width, 560);
    const values = pairs.flatMap((p) => [p.predicted, p.c.measured?.low ?? p.measured, p.c.measured?.high ?? p.measured]);
    const low = Math.max(0, Math.min(...values) - 0.02);
    const high = Math.max(...values) + 0.02;
    const ticks = (value: number): string => `${Math.round(value * 1000) / 10}`;
    const svg = Plot.plot({
      width: size, height: Math.round(size * 0.78), marginLeft: 48, marginBottom: 42, marginTop: 26, className: "plot", ariaLabel: "Predicted against measured",
      x: { domain: [low, high], label: "predicted, % of the unprotected image →", tickFormat: ticks, ticks: 6, grid: true },
      y: { domain: [low, high], label: "↑ measured, %", tickFormat: ticks, ticks: 6, grid: true },
      marks: [
        Plot.areaY([low, high], { x: (v: number) => v, y1: (v: number) => v * 0.95, y2: (v: number) => v * 1.05, fill: "var(--accent)", fillOpacity: 0.08, clip: true }),
        Plot.line([low, high], { x: (v: number) => v, y: (v: number) => v, stroke: "var(--faint)" }),
        Plot.ruleX(pairs, { x: "predicted", y1: (p: Pair) => p.c.measured?.low ?? p.measured, y2: (p: Pair) => p.c.measured?.high ?? p.measured, stroke: "var(--accent)", strokeOpacity: 0.55 }),
        Plot.dot(pairs, { x: "predicted", y: "measured", r: 4, className: "pairs" }),
      ],
    });
    const circles = [...svg.querySelectorAll<SVGCircleElement>("g[class*='pairs'] circle, g[aria-label='dot'] circle")];
    dots = new Map();
    for (const circle of circles) {
      const pair = pairs[(circle as unknown as { __data__: number }).__data__];
      if (!pair) continue;
      const { c } = pair;
      circle.setAttribute("class", `dot measured${c.within ? "" : " over"}${c.star ? " star" : ""}`);
      circle.dataset.id = c.id;
      circle.addEventListener("pointerenter", (event) => showTip({ x: event.clientX, y: event.clientY }, tipOf(c)));
      circle.addEventListener("pointerleave", hideTip);
      circle.addEventListener("click", () => state.select(c));
      dots.set(c.id, circle);
    }
    const label = s("text", { x: size - 24, y: 22, "text-anchor": "end", class: "label faint" }, "band: 5 % either way");
    svg.append(label);
    holder.replaceChildren(svg);
    highlight();
  }
  let last = 0;
  new ResizeObserver(([entry]) => {
    const width = Math.round(entry?.contentRect.width ?? 0);
    if (width < 50 || width === last) return;
    last = width;
    draw(width);
  }).observe(holder);
  walk(holder, state, () => order);
  state.onSelect(highlight);
  state.onFilter(highlight);
  const fact = (value: string, what: string): HTMLElement => h("div", { class: "figure" }, h("dt", {}, what), h("dd", {}, h("b", {}, value)));
  return h("figure", { class: "compare" },
    h("div", { class: "beside" }, holder,
      h("dl", { class: "figures column" },
        fact(percent(mean), `mean absolute error over ${plural(pairs.length, "configuration")}`),
        fact(rho === null ? "–" : rho.toFixed(3), "rank correlation (Spearman)"),
        fact(percent(worst.measured / worst.predicted - 1), `largest error: ${worst.c.id}`))),
    asTable("The comparison", ["configuration", "predicted", "measured", "interval", "error"], () =>
      order.map((c) => [c.id, percent(c.predicted), percent(c.measured?.median), c.measured ? range(c.measured) : "", percent((c.measured?.median ?? 0) / (c.predicted ?? 1) - 1)])));
}
