// Two figures of each configuration against one another, on axes of the same scale.
import * as Plot from "@observablehq/plot";
import type { Configuration, Interval } from "./data.js";
import { fitted, h, hideTip, s, showTip } from "./dom.js";
import { type State, walk } from "./state.js";

export interface Pair {
  c: Configuration;
  x: number;
  y: number;
  /** Of y, where it was measured. */
  interval: Interval | null;
  /** Both are; else one is a prediction, and the dot hollow. */
  measured: boolean;
}

export interface Scatter {
  /** What a reader of the screen is told. */
  name: string;
  x: string;
  y: string;
  /** Half the width of the band around the line, a share of x; 0: no band. */
  band: number;
  tip: (pair: Pair) => (string | Node)[];
}

/** Rank correlation; ties share their rank. */
export function spearman(pairs: { x: number; y: number }[]): number | null {
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
  const x = ranks(pairs.map((p) => p.x));
  const y = ranks(pairs.map((p) => p.y));
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

/** A figure with what it says in words, `<b>value</b> what`. */
export function fact(value: string, what: string): HTMLElement {
  return h("div", { class: "figure" }, h("dt", {}, what), h("dd", {}, h("b", {}, value)));
}

/** The chart; arrow keys walk along x. */
export function scatter(state: State, pairs: Pair[], options: Scatter): HTMLElement {
  const holder = h("div", { class: "chart", tabindex: 0, role: "group", "aria-roledescription": "chart", "aria-label": `${options.name}. Arrow keys move along it.` });
  const order = [...pairs].sort((a, b) => a.x - b.x).map((p) => p.c);
  let dots = new Map<string, Element>();
  const highlight = (): void => {
    for (const [id, dot] of dots) {
      dot.classList.toggle("selected", id === state.selected?.id);
      dot.classList.toggle("faded", !state.visible.has(id));
    }
  };
  function draw(width: number): void {
    const size = Math.min(width, 560);
    const values = pairs.flatMap((p) => [p.x, p.interval?.low ?? p.y, p.interval?.high ?? p.y]);
    const low = Math.max(0, Math.min(...values) - 0.02);
    const high = Math.max(...values) + 0.02;
    const ticks = (value: number): string => `${Math.round(value * 1000) / 10}`;
    const svg = Plot.plot({
      width: size, height: Math.round(size * 0.78), marginLeft: 48, marginBottom: 42, marginTop: 26, className: "plot", ariaLabel: options.name,
      x: { domain: [low, high], label: `${options.x} →`, tickFormat: ticks, ticks: 6, grid: true },
      y: { domain: [low, high], label: `↑ ${options.y}`, tickFormat: ticks, ticks: 6, grid: true },
      marks: [
        options.band > 0 ? Plot.areaY([low, high], { x: (v: number) => v, y1: (v: number) => v * (1 - options.band), y2: (v: number) => v * (1 + options.band), fill: "var(--accent)", fillOpacity: 0.08, clip: true }) : null,
        Plot.line([low, high], { x: (v: number) => v, y: (v: number) => v, stroke: "var(--faint)" }),
        Plot.ruleX(pairs, { x: "x", y1: (p: Pair) => p.interval?.low ?? p.y, y2: (p: Pair) => p.interval?.high ?? p.y, stroke: "var(--accent)", strokeOpacity: 0.55 }),
        Plot.dot(pairs, { x: "x", y: "y", r: 4, className: "pairs" }),
      ],
    });
    const circles = [...svg.querySelectorAll<SVGCircleElement>("g[class*='pairs'] circle, g[aria-label='dot'] circle")];
    dots = new Map();
    for (const circle of circles) {
      const pair = pairs[(circle as unknown as { __data__: number }).__data__];
      if (!pair) continue;
      const { c } = pair;
      circle.setAttribute("class", `dot${pair.measured ? " measured" : ""}${c.within ? "" : " over"}${c.star ? " star" : ""}`);
      circle.dataset.id = c.id;
      circle.addEventListener("pointerenter", (event) => showTip({ x: event.clientX, y: event.clientY }, options.tip(pair)));
      circle.addEventListener("pointerleave", hideTip);
      circle.addEventListener("click", () => state.select(c));
      dots.set(c.id, circle);
    }
    if (options.band > 0) svg.append(s("text", { x: size - 24, y: 22, "text-anchor": "end", class: "label faint" }, `band: ${100 * options.band} % either way`));
    holder.replaceChildren(svg);
    highlight();
  }
  fitted(holder, draw);
  walk(holder, state, () => order);
  state.onSelect(highlight);
  state.onFilter(highlight);
  return holder;
}
