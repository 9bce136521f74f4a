// What the same choices cost another workload (FlexOS, ASPLOS'22, figure 7).
import { asTable, h } from "./dom.js";
import { percent, plural, range } from "./format.js";
import { tipOf } from "./frontier.js";
import { fact, type Pair, scatter, spearman } from "./scatter.js";
import type { State } from "./state.js";

export function besideChart(state: State): HTMLElement | null {
  const { report } = state;
  const other = report.beside;
  if (!other) return null;
  const pairs: Pair[] = report.configurations.flatMap((c) => {
    const there = other.configurations.get(c.id);
    if (!there || c.performance === null || c.status === "failed") return [];
    return [{ c, x: c.performance, y: there.performance, interval: there.measured, measured: c.measured !== null && there.measured !== null }];
  });
  if (pairs.length === 0) return null;
  const predicted = pairs.filter((p) => !p.measured).length;
  const here = report.raw.workload ?? report.raw.spec ?? "this";
  const rho = spearman(pairs);
  const apart = pairs.reduce((a, b) => (Math.abs(Math.log(a.y / a.x)) >= Math.abs(Math.log(b.y / b.x)) ? a : b));
  const chart = scatter(state, pairs, {
    name: `Performance of ${here} against ${other.workload}`, x: `${here}, % of its unprotected image`, y: `${other.workload}, %`, band: 0,
    tip: (p) => [...tipOf(p.c), `${other.workload}: ${percent(p.y)}`],
  });
  return h("figure", { class: "compare" },
    h("div", { class: "beside" }, chart,
      h("dl", { class: "figures column" },
        fact(String(pairs.length), `configurations of both, of ${plural(report.configurations.length, "configuration")} here and ${other.count.toLocaleString("en-GB")} there`),
        fact(rho === null ? "–" : rho.toFixed(3), "rank correlation (Spearman)"),
        fact(`${percent(apart.x)}, ${percent(apart.y)}`, `furthest apart: ${apart.c.id}`))),
    h("p", { class: "muted" }, [other.platform ? `${other.workload}: ${other.platform}` : `${other.workload}: predicted`, other.made.replace("T", " ").replace(/:\d\dZ$/, " UTC"), predicted ? `hollow: predicted in one of the two or both (${predicted})` : ""].filter(Boolean).join(", ")),
    asTable("Both workloads", ["configuration", here, other.workload, "interval"], () =>
      [...pairs].sort((a, b) => a.x - b.x).map((p) => [p.c.id, percent(p.x), percent(p.y), p.interval ? range(p.interval) : ""])));
}
