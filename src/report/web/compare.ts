// Was the prediction right? Each measured configuration against what the cost model said.
import { asTable, h } from "./dom.js";
import { percent, plural, range } from "./format.js";
import { tipOf } from "./frontier.js";
import { fact, type Pair, scatter, spearman } from "./scatter.js";
import type { State } from "./state.js";

export function comparison(state: State): HTMLElement | null {
  const pairs: Pair[] = state.report.configurations.flatMap((c) =>
    c.measured && c.predicted !== null ? [{ c, x: c.predicted, y: c.measured.median, interval: c.measured, measured: true }] : []);
  if (pairs.length === 0) return null;
  const errors = pairs.map((p) => p.y / p.x - 1);
  const mean = errors.reduce((sum, e) => sum + Math.abs(e), 0) / errors.length;
  const worst = pairs.reduce((a, b) => (Math.abs(a.y / a.x - 1) >= Math.abs(b.y / b.x - 1) ? a : b));
  const rho = spearman(pairs);
  const chart = scatter(state, pairs, {
    name: "Predicted against measured performance", x: "predicted, % of the unprotected image", y: "measured, %", band: 0.05,
    tip: (p) => tipOf(p.c),
  });
  return h("figure", { class: "compare" },
    h("div", { class: "beside" }, chart,
      h("dl", { class: "figures column" },
        fact(percent(mean), `mean absolute error over ${plural(pairs.length, "configuration")}`),
        fact(rho === null ? "–" : rho.toFixed(3), "rank correlation (Spearman)"),
        fact(percent(worst.y / worst.x - 1), `largest error: ${worst.c.id}`))),
    asTable("The comparison", ["configuration", "predicted", "measured", "interval", "error"], () =>
      [...pairs].sort((a, b) => a.x - b.x).map((p) => [p.c.id, percent(p.x), percent(p.y), p.interval ? range(p.interval) : "", percent(p.y / p.x - 1)])));
}
