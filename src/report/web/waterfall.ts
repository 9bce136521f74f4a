// What the time of an operation is made of, part by part on top of the unprotected image.
import type { Configuration, Report } from "./data.js";
import { h } from "./dom.js";
import { amount, percent } from "./format.js";
import { mechanismClass } from "./compartments.js";

const kShown = 12;
const kVisible = 0.002; // of the whole: smaller parts stand together

interface Part {
  what: string;
  how: string;
  kind: string;
  cost: number;
}

/** Time of an operation of the unprotected image, in the profile's clock. */
function baseOf(c: Configuration): number | null {
  const { cost_cycles: cost, slowdown } = c.raw;
  if (cost && slowdown && slowdown > 1) return cost / (slowdown - 1);
  return null;
}

export function waterfall(report: Report, c: Configuration): HTMLElement {
  const parts: Part[] = [];
  for (const g of c.raw.costs?.gates ?? []) {
    if (g.cost > 0) parts.push({ what: `${g.from} → ${g.to}`, how: `${g.mechanism}, ${amount(g.calls)} calls`, kind: mechanismClass(report, g.mechanism), cost: g.cost });
  }
  for (const x of c.raw.costs?.hardening ?? []) {
    if (x.cost > 0) parts.push({ what: x.component, how: x.hardening.join(" + "), kind: "hardening", cost: x.cost });
  }
  if (parts.length === 0) {
    const free = c.raw.cost_cycles === 0;
    return h("p", { class: "empty" }, free ? "It costs nothing: no gate on the way of an operation, no hardening." : "The data does not split its cost.");
  }
  parts.sort((a, b) => b.cost - a.cost);
  const all = parts.reduce((sum, x) => sum + x.cost, 0);
  const visible = parts.filter((x) => x.cost >= all * kVisible).length;
  const rest = parts.splice(Math.max(1, Math.min(kShown, visible)));
  if (rest.length) parts.push({ what: `${rest.length} more`, how: "", kind: "rest", cost: rest.reduce((sum, x) => sum + x.cost, 0) });
  const total = parts.reduce((sum, x) => sum + x.cost, 0);
  const base = baseOf(c) ?? report.raw.baseline?.per_operation?.median ?? null;
  const measured = c.measured && base ? base / c.measured.median - base : null;
  const end = Math.max(total, measured ?? 0);
  const share = (cost: number): string => (base ? `+${percent(cost / base)}` : `+${amount(cost)}`);
  const rows: HTMLElement[] = [];
  let sum = 0;
  const row = (kind: string, what: string, how: string, from: number, to: number, value: string): void => {
    const bar = h("i", { class: `bar ${kind}` });
    bar.style.left = `${(100 * from) / end}%`;
    bar.style.width = `${Math.max(0.4, (100 * (to - from)) / end)}%`;
    rows.push(h("tr", { class: kind === "sum" || kind === "real" ? "total" : "" },
      h("th", { scope: "row" }, what, how ? h("span", { class: "muted" }, ` ${how}`) : null, h("span", { class: "track", "aria-hidden": "true" }, bar)),
      h("td", {}, value)));
  };
  for (const part of parts) {
    row(part.kind, part.what, part.how, sum, sum + part.cost, share(part.cost));
    sum += part.cost;
  }
  row("sum", "predicted", "in all", 0, total, share(total));
  if (measured !== null) row("real", "measured", "in all", 0, Math.max(0, measured), share(measured).replace("+-", "−"));
  return h("table", { class: "waterfall" },
    h("caption", {}, base ? `time an operation takes longer; the unprotected image takes ${amount(base)} ${report.clock}` : `${report.clock} an operation`),
    h("tbody", {}, ...rows));
}
