// The plane performance x safety score: steps nothing beats, every configuration, the budget.
import * as Plot from "@observablehq/plot";
import type { Configuration, Report } from "./data.js";
import { asTable, fitted, h, hideTip, s, showTip } from "./dom.js";
import { amount, hardening, percent, range, score, shortLayout, state as stateOf } from "./format.js";
import { type State, walk } from "./state.js";

interface Point {
  c: Configuration;
  x: number;
  y: number;
}

function points(report: Report): Point[] {
  const found: Point[] = [];
  for (const c of [...report.extras, ...report.configurations]) {
    if (c.performance !== null && c.score !== null) found.push({ c, x: c.performance, y: c.score });
  }
  return found;
}

/** What the axes span: all points, and the unprotected image where that is not far off. */
function domains(report: Report, list: Point[]): { x: [number, number]; y: [number, number] } {
  const xs = list.map((p) => p.x).concat(report.steps.map((p) => p.performance));
  const ys = list.map((p) => p.y).concat(report.steps.map((p) => p.score));
  // What is far outside of the budget would squeeze what matters to an edge.
  const budget = report.budget;
  const floor = budget === null ? 0 : budget * 0.7;
  const seen = xs.filter((x) => x >= floor);
  let low = Math.min(...(seen.length ? seen : xs), budget ?? 1);
  let high = Math.max(...xs, budget ?? 0);
  if (1 - high < 0.5 * (high - low) + 0.02) high = Math.max(1, high);
  const pad = Math.max(0.005, (high - low) * 0.04);
  low = Math.max(0, low - pad);
  const bottom = Math.min(...ys);
  const top = Math.max(...ys);
  const lift = Math.max(0.005, (top - bottom) * 0.06);
  return { x: [low, high + (high < 1 ? pad : pad * 0.4)], y: [Math.max(0, bottom - lift), Math.min(1, top + lift * 1.4)] };
}

export function tipOf(c: Configuration): (string | Node)[] {
  const lines: (string | Node)[] = [h("strong", {}, `${c.star ? "★ " : ""}${c.id}`), shortLayout(c, 90)];
  const hard = hardening(c);
  if (hard) lines.push(h("span", { class: "muted" }, hard.length > 110 ? `${hard.slice(0, 109)}…` : hard));
  lines.push(
    c.measured
      ? `${percent(c.measured.median)} measured (${range(c.measured)}), ${percent(c.predicted)} predicted`
      : `${percent(c.predicted)} predicted`,
  );
  lines.push(`score ${score(c.score)} · ${stateOf(c)}`);
  return lines;
}

function classOf(c: Configuration): string {
  if (c.status === "failed") return "dot failed";
  return `dot ${c.status}${c.within ? "" : " over"}${c.star ? " star" : ""}${c.extra ? " extra" : ""}`;
}

const starPath = (() => {
  let path = "";
  for (let i = 0; i < 10; ++i) {
    const r = i % 2 ? 3.6 : 8.4;
    const a = (Math.PI * i) / 5 - Math.PI / 2;
    path += `${i ? "L" : "M"}${(r * Math.cos(a)).toFixed(2)},${(r * Math.sin(a)).toFixed(2)}`;
  }
  return `${path}Z`;
})();

/** The mark of a configuration: measured solid, predicted hollow, failed a cross, a star a star, the
 * first of them larger. */
export function markOf(c: Configuration, size = 4, first = false): SVGElement {
  if (c.status === "failed") {
    const r = size * 0.8;
    return s("path", { class: classOf(c), d: `M${-r},${-r}L${r},${r}M${-r},${r}L${r},${-r}` });
  }
  if (c.star) return s("path", { class: classOf(c), d: starPath, transform: first ? undefined : "scale(0.66)" });
  return s("circle", { class: classOf(c), r: c.extra ? size * 0.55 : size });
}

export function frontierChart(state: State): HTMLElement {
  const { report } = state;
  const list = points(report);
  const byPerformance = [...list].sort((a, b) => b.x - a.x).map((p) => p.c);
  const holder = h("div", {
    class: "chart", tabindex: 0, role: "group", "aria-roledescription": "chart",
    "aria-label":
      "Performance against safety score. Arrow keys move from configuration to configuration, fastest first; the inspector tells what is selected.",
  });
  const figure = h("figure", { class: "frontier" }, holder);
  if (list.length === 0 && report.steps.length === 0) {
    holder.append(h("p", { class: "empty" }, "There is no configuration to draw."));
    holder.removeAttribute("tabindex");
    return figure;
  }
  const domain = domains(report, list);
  const measuredSteps = report.measuredSteps.map((c) => ({ performance: c.performance ?? 0, score: c.score ?? 0 }));
  const inside = <T extends { performance: number }>(steps: T[]): T[] => steps.filter((p) => p.performance >= domain.x[0]);
  let marks = new Map<string, SVGGElement>();
  let ring: SVGElement | undefined;

  function highlight(): void {
    ring?.remove();
    for (const [id, mark] of marks) {
      const c = report.byId.get(id);
      mark.classList.toggle("faded", !c?.extra && !state.visible.has(id));
      mark.classList.toggle("selected", id === state.selected?.id);
    }
    const chosen = state.selected && marks.get(state.selected.id);
    if (!chosen) return;
    ring = s("circle", { class: "ring", r: 10 });
    chosen.append(ring);
    chosen.parentNode?.append(chosen);
  }

  function draw(width: number): void {
    const narrow = width < 560;
    const height = Math.round(Math.min(520, Math.max(300, width * 0.56)));
    const svg = Plot.plot({
      width,
      height,
      marginLeft: 48,
      marginRight: 18,
      marginTop: 28,
      marginBottom: 42,
      className: "plot",
      ariaLabel: "Pareto frontier of performance and safety",
      x: { domain: domain.x, label: "performance, % of the unprotected image →", tickFormat: (x: number) => `${Math.round(x * 1000) / 10}`, ticks: narrow ? 5 : 9, labelAnchor: "right" },
      y: { domain: domain.y, label: "↑ safety score", ticks: 7, tickFormat: (y: number) => y.toFixed(2), grid: true },
      marks: [
        report.budget !== null && report.budget > domain.x[0]
          ? Plot.rect([0], { x1: domain.x[0], x2: report.budget, y1: domain.y[0], y2: domain.y[1], fill: "var(--over)", ariaHidden: "true" })
          : null,
        report.budget !== null ? Plot.ruleX([report.budget], { stroke: "var(--muted)", strokeDasharray: "5 4" }) : null,
        domain.x[1] >= 1 ? Plot.ruleX([1], { stroke: "var(--faint)" }) : null,
        report.steps.length > 1
          ? Plot.line(inside(report.steps), { x: "performance", y: "score", curve: "step-before", stroke: "var(--predicted)", strokeWidth: 1.5, strokeDasharray: report.anyMeasured ? "1 3.5" : undefined, strokeLinecap: "round" })
          : null,
        measuredSteps.length > 1
          ? Plot.line(inside(measuredSteps), { x: "performance", y: "score", curve: "step-before", stroke: "var(--accent)", strokeWidth: 2.25 })
          : null,
      ],
    }) as unknown as SVGSVGElement & { scale(name: string): { apply(value: number): number } };
    const x = (value: number): number => svg.scale("x").apply(value);
    const y = (value: number): number => svg.scale("y").apply(value);
    const labels = s("g", { class: "labels" });
    if (report.budget !== null) {
      const at = x(report.budget);
      labels.append(s("text", { x: at + 5, y: height - 50, class: "label halo", "text-anchor": "start" }, `budget ${amount(1 / report.budget)}×`));
    }
    if (domain.x[1] >= 1) labels.append(s("text", { x: x(1) - 5, y: 22, class: "label faint", "text-anchor": "end" }, "unprotected"));
    svg.append(labels);
    const intervals = s("g", { class: "intervals", "aria-hidden": "true" });
    const layer = s("g", { class: "marks" });
    marks = new Map();
    // Last drawn is on top: extras, predicted, over budget; then measured; then the stars.
    const rank = (c: Configuration): number => (c.star ? 4 : c.status === "measured" ? (c.within ? 3 : 2) : c.extra ? 0 : 1);
    for (const p of [...list].sort((a, b) => rank(a.c) - rank(b.c))) {
      if (p.x < domain.x[0]) continue;
      const { c } = p;
      if (c.measured) {
        const low = Math.max(domain.x[0], c.measured.low);
        intervals.append(
          s("path", { class: c.within ? "interval" : "interval over", d: `M${x(low)},${y(p.y)}H${x(c.measured.high)}` }),
        );
      }
      const mark = s("g", { transform: `translate(${x(p.x)},${y(p.y)})`, "data-id": c.id }, markOf(c, narrow ? 3.2 : 4, c === report.stars[0]), s("circle", { r: 8, class: "hit" }));
      mark.addEventListener("pointerenter", (event) => showTip({ x: event.clientX, y: event.clientY }, tipOf(c)));
      mark.addEventListener("pointerleave", hideTip);
      mark.addEventListener("click", () => state.select(c));
      marks.set(c.id, mark);
      layer.append(mark);
    }
    svg.append(intervals, layer);
    // The one answer carries its words; the others have the tooltip.
    const best = report.stars[0];
    if (best && best.performance !== null && best.score !== null && best.performance >= domain.x[0]) {
      const right = x(best.performance) < width * 0.6;
      const text = s(
        "text",
        { x: x(best.performance) + (right ? 13 : -13), y: y(best.score) - 9, class: "label answer", "text-anchor": right ? "start" : "end" },
        report.budget === null ? "the safest" : "the safest you can afford",
      );
      svg.append(text);
    }
    const outside = list.filter((p) => p.x < domain.x[0]).length;
    if (outside) labels.append(s("text", { x: 54, y: height - 66, class: "label faint", "text-anchor": "start" }, `← ${outside} slower`));
    holder.replaceChildren(svg);
    highlight();
  }

  fitted(holder, draw);
  walk(holder, state, () => byPerformance);
  state.onSelect(highlight);
  state.onFilter(highlight);
  figure.append(
    h("figcaption", { class: "legend" }, ...legend(report)),
    asTable("The frontier", ["performance", "score", "configuration"], () =>
      frontierRows(report)),
  );
  return figure;
}

function frontierRows(report: Report): string[][] {
  const known = [...report.extras, ...report.configurations];
  const measured = new Set(report.measuredSteps.map((c) => c.id));
  const onCurve = (c: Configuration): boolean =>
    report.steps.some((p) => p.performance === c.predicted && p.score === c.score);
  return known
    .filter((c) => measured.has(c.id) || onCurve(c))
    .sort((a, b) => (b.performance ?? 0) - (a.performance ?? 0))
    .map((c) => [
      `${percent(c.performance)} ${c.status}${measured.has(c.id) ? ", on the measured frontier" : ""}`,
      score(c.score),
      `${c.id} ${c.layout}`,
    ]);
}

function legend(report: Report): Node[] {
  const entry = (mark: SVGElement, text: string): Node =>
    h("span", { class: "entry" }, s("svg", { width: 18, height: 14, viewBox: "-9 -7 18 14", "aria-hidden": "true" }, mark), text);
  const sample = (change: Partial<Configuration>): SVGElement =>
    markOf({ status: "predicted", within: true, star: false, extra: false, ...change } as Configuration);
  const has = (test: (c: Configuration) => boolean): boolean => report.configurations.some(test);
  const entries: Node[] = [];
  if (report.stars.length) entries.push(entry(s("path", { class: `dot star ${report.anyMeasured ? "measured" : "predicted"}`, d: starPath, transform: "scale(.8)" }), report.budget === null ? "nothing is safer" : "nothing affordable is safer"));
  if (report.anyMeasured) {
    const measured = s("g", {}, s("path", { class: "interval", d: "M-9,0H9" }), sample({ status: "measured" }));
    entries.push(entry(measured, "measured, 95 % interval"));
  }
  entries.push(entry(sample({}), "predicted"));
  if (has((c) => !c.within)) entries.push(entry(sample({ status: report.anyMeasured ? "measured" : "predicted", within: false }), "over budget"));
  if (has((c) => c.status === "failed")) entries.push(entry(sample({ status: "failed" }), "failed"));
  if (report.steps.length > 1) {
    const dash = report.anyMeasured ? "1 3.5" : "none";
    entries.push(entry(s("path", { d: "M-9,4H0V-4H9", class: "step", "stroke-dasharray": dash }), "predicted frontier"));
  }
  if (report.measuredSteps.length > 1) entries.push(entry(s("path", { d: "M-9,4H0V-4H9", class: "step measured" }), "measured frontier"));
  return entries;
}
