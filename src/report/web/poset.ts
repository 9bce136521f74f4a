// The safety order as a Hasse diagram: what stands higher and is connected is at least as safe in
// every respect. A score sums up; this does not.
import * as dagre from "@dagrejs/dagre";
import type { Configuration, Report } from "./data.js";
import { asTable, h, hideTip, s, showTip } from "./dom.js";
import { percent, plural, score } from "./format.js";
import { markOf, tipOf } from "./frontier.js";
import type { State } from "./state.js";

const kReadable = 60; // more nodes than this are dots, and not what is shown first
const kLaidOut = 160; // more than this are placed by rank alone: a layout would take seconds

const kAround = "around the selected one";

/** Reachability upwards, as the data's covers tell it. */
class Order {
  readonly above = new Map<string, Set<string>>();

  constructor(report: Report) {
    const up = new Map<string, string[]>();
    for (const cover of report.raw.poset?.covers ?? []) {
      const [lower, upper] = Array.isArray(cover) ? cover : [cover.than, cover.safer];
      up.set(lower, [...(up.get(lower) ?? []), upper]);
    }
    const visit = (id: string): Set<string> => {
      const known = this.above.get(id);
      if (known) return known;
      const found = new Set<string>();
      this.above.set(id, found);
      for (const next of up.get(id) ?? []) {
        found.add(next);
        for (const higher of visit(next)) found.add(higher);
      }
      return found;
    };
    for (const c of report.configurations) visit(c.id);
  }

  /** The covers among some of them: what lies between is left out, the order stays. */
  covers(ids: string[]): [string, string][] {
    const wanted = new Set(ids);
    const covers: [string, string][] = [];
    for (const a of ids) {
      const higher = [...(this.above.get(a) ?? [])].filter((b) => wanted.has(b));
      for (const b of higher) {
        if (!higher.some((c) => c !== b && this.above.get(c)?.has(b))) covers.push([a, b]);
      }
    }
    return covers;
  }
}

interface Placed {
  width: number;
  height: number;
  at: Map<string, { x: number; y: number }>;
  routes: { from: string; to: string; points: { x: number; y: number }[] }[];
  alone?: { count: number; bottom: number };
}

function layered(ids: string[], covers: [string, string][], node: { width: number; height: number }): Placed {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: "BT", nodesep: node.width > 40 ? 14 : 8, ranksep: node.width > 40 ? 40 : 46, edgesep: 5, marginx: 12, marginy: 12, ranker: "longest-path" });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const id of ids) graph.setNode(id, { ...node });
  for (const [a, b] of covers) graph.setEdge(a, b);
  dagre.layout(graph);
  const size = graph.graph() as { width?: number; height?: number };
  return {
    width: size.width ?? 100,
    height: size.height ?? 100,
    at: new Map(ids.map((id) => [id, graph.node(id) as { x: number; y: number }])),
    routes: covers.map(([from, to]) => ({ from, to, points: (graph.edge(from, to) as { points: { x: number; y: number }[] }).points })),
  };
}

/** Rows by the longest way up from below, each row ordered by where its neighbours below stand. */
function ranked(ids: string[], covers: [string, string][]): Placed {
  const below = new Map<string, string[]>(ids.map((id) => [id, []]));
  for (const [a, b] of covers) below.get(b)?.push(a);
  const rank = new Map<string, number>();
  const rankOf = (id: string): number => {
    let r = rank.get(id);
    if (r === undefined) {
      r = Math.max(-1, ...(below.get(id) ?? []).map(rankOf)) + 1;
      rank.set(id, r);
    }
    return r;
  };
  const rows: string[][] = [];
  for (const id of ids) (rows[rankOf(id)] ??= []).push(id);
  const widest = Math.max(...rows.map((row) => row.length));
  const gap = Math.max(11, Math.min(22, 1100 / widest));
  const width = Math.max(300, widest * gap + 24);
  const height = rows.length * 64 + 10;
  const at = new Map<string, { x: number; y: number }>();
  for (const [r, row] of rows.entries()) {
    const key = new Map(row.map((id) => {
      const xs = (below.get(id) ?? []).flatMap((b) => at.get(b)?.x ?? []);
      return [id, xs.length ? xs.reduce((sum, x) => sum + x, 0) / xs.length : width / 2];
    }));
    row.sort((a, b) => (key.get(a) ?? 0) - (key.get(b) ?? 0));
    const start = (width - (row.length - 1) * gap) / 2;
    for (const [i, id] of row.entries()) at.set(id, { x: start + i * gap, y: height - 36 - r * 64 });
  }
  const point = (id: string): { x: number; y: number } => at.get(id) ?? { x: 0, y: 0 };
  return { width, height, at, routes: covers.map(([from, to]) => ({ from, to, points: [{ ...point(from) }, { ...point(to) }] })) };
}

/** Puts what is related to nothing in rows above the diagram. */
function stack(placed: Placed, alone: string[], node: { width: number; height: number }): void {
  const gapX = node.width + 8;
  const gapY = node.height + 8;
  const fit = Math.max(1, Math.floor((Math.max(placed.width, Math.min(860, alone.length * gapX + 24)) - 16) / gapX));
  const rows = Math.ceil(alone.length / fit);
  const down = 30 + rows * gapY + (placed.height ? 14 : 0);
  for (const p of placed.at.values()) p.y += down;
  for (const route of placed.routes) for (const p of route.points) p.y += down;
  placed.width = Math.max(placed.width, Math.min(alone.length, fit) * gapX + 24);
  placed.height += down;
  const left = (placed.width - Math.min(alone.length, fit) * gapX) / 2 + gapX / 2;
  for (const [i, id] of alone.entries()) placed.at.set(id, { x: left + (i % fit) * gapX, y: 34 + node.height / 2 + Math.floor(i / fit) * gapY });
  placed.alone = { count: alone.length, bottom: 30 + rows * gapY };
}

export function posetChart(state: State): HTMLElement {
  const { report } = state;
  const order = new Order(report);
  const all = report.configurations;
  const good = all.filter((c) => c.status !== "failed");
  const frontier = new Set([...report.measuredSteps.map((c) => c.id), ...report.stars.map((c) => c.id)]);
  for (const c of all) if (report.steps.some((p) => p.performance === c.predicted && p.score === c.score)) frontier.add(c.id);
  const choices: [string, Configuration[]][] = [
    ["all", all],
    ["within budget", good.filter((c) => c.within)],
    ["measured", all.filter((c) => c.status === "measured")],
    ["stars and frontier", all.filter((c) => frontier.has(c.id))],
  ];
  const usable = choices.filter(([, list], i) => list.length > 1 && !choices.slice(0, i).some(([, other]) => other.length === list.length));
  if (usable.length === 0) usable.push(["all", all]);
  if (all.length > kReadable) usable.push([kAround, []]);
  /** The selected one with the nearest above and below it: a part that stays readable. */
  const around = (): Configuration[] => {
    const id = state.selected?.id ?? "";
    const up = order.above.get(id) ?? new Set<string>();
    const near = (list: Configuration[]): Configuration[] =>
      list.sort((a, b) => Math.abs((a.score ?? 0) - (state.selected?.score ?? 0)) - Math.abs((b.score ?? 0) - (state.selected?.score ?? 0))).slice(0, kReadable / 2);
    return [...near(all.filter((c) => up.has(c.id))), ...all.filter((c) => c.id === id), ...near(all.filter((c) => order.above.get(c.id)?.has(id)))];
  };
  const holder = h("div", { class: "scroll chart", tabindex: 0, role: "group", "aria-roledescription": "Hasse diagram", "aria-label": "Safety order. Up and down move to the next safer and less safe configuration, left and right along the row." });
  if (all.length === 0) return h("figure", {}, h("p", { class: "empty" }, "There is no configuration to order."));
  const first = usable.findIndex(([name, list]) => name !== kAround && list.length <= kLaidOut);
  const select = h("select", { "aria-label": "Which configurations", id: "poset-choice" }, ...usable.map(([name, list], i) => h("option", { value: i }, list.length ? `${name} (${list.length})` : name)));
  select.value = String(Math.max(0, first));

  let placed: Placed = { width: 0, height: 0, at: new Map(), routes: [] };
  let nodes = new Map<string, SVGGElement>();
  let edges: { from: string; to: string; path: SVGPathElement }[] = [];
  let covers: [string, string][] = [];

  function highlight(): void {
    const id = state.selected?.id;
    const up = (id && order.above.get(id)) || new Set<string>();
    const below = (other: string): boolean => Boolean(id && order.above.get(other)?.has(id));
    const related = (other: string): boolean => other === id || up.has(other) || below(other);
    const inside = Boolean(id && nodes.has(id));
    for (const [other, node] of nodes) {
      node.classList.toggle("selected", other === id);
      node.classList.toggle("related", inside && other !== id && related(other));
      node.classList.toggle("faded", !state.visible.has(other));
    }
    for (const edge of edges) edge.path.classList.toggle("related", inside && related(edge.from) && related(edge.to));
  }

  function draw(): void {
    const [name, chosen] = usable[Number(select.value)] ?? ["", all];
    const list = name === kAround ? around() : chosen;
    const ids = list.map((c) => c.id);
    covers = order.covers(ids);
    const pills = ids.length <= 24;
    const node = pills ? { width: 92, height: 34 } : { width: 20, height: 20 };
    // What is related to nothing here would only make the diagram wide: it stands above, in rows.
    const related = new Set(covers.flat());
    const connected = ids.filter((id) => related.has(id));
    const alone = ids.filter((id) => !related.has(id));
    placed = connected.length === 0 ? { width: 24, height: 0, at: new Map(), routes: [] } : connected.length <= kLaidOut ? layered(connected, covers, node) : ranked(connected, covers);
    if (alone.length) stack(placed, alone, node);
    const svg = s("svg", { viewBox: `0 0 ${Math.ceil(placed.width)} ${Math.ceil(placed.height)}`, class: "poset", role: "img", "aria-label": `${plural(ids.length, "configuration")}, ${plural(covers.length, "cover")}` });
    svg.style.width = `${Math.ceil(placed.width)}px`;
    svg.style.minWidth = `${Math.min(placed.width, Math.max(320, placed.width * 0.55))}px`;
    if (placed.alone) {
      svg.append(s("text", { class: "label", x: placed.width / 2, y: 18, "text-anchor": "middle" }, `${placed.alone.count} without a safer or less safe one here`));
      if (placed.routes.length) svg.append(s("path", { class: "rule", d: `M12,${placed.alone.bottom + 6}H${placed.width - 12}` }));
    }
    edges = placed.routes.map(({ from, to, points }) => {
      const path = s("path", { class: "cover", d: points.map((p, i) => `${i ? "L" : "M"}${p.x.toFixed(1)},${p.y.toFixed(1)}`).join("") });
      svg.append(path);
      return { from, to, path };
    });
    nodes = new Map();
    for (const c of list) {
      const at = placed.at.get(c.id);
      if (!at) continue;
      const group = s("g", { transform: `translate(${at.x.toFixed(1)},${at.y.toFixed(1)})`, class: `node ${c.status}${c.within ? "" : " over"}${c.star ? " star" : ""}`, "data-id": c.id });
      if (pills) {
        group.append(s("rect", { x: -46, y: -17, width: 92, height: 34, rx: 5 }),
          s("text", { y: -3, "text-anchor": "middle", class: "node-id" }, `${c.star ? "★ " : ""}${c.id.slice(0, 8)}`),
          s("text", { y: 11, "text-anchor": "middle", class: "node-figures" }, `${score(c.score)} · ${percent(c.performance, 0)}`));
      } else {
        group.append(s("circle", { r: 10, class: "hit" }), markOf(c, 5, c === report.stars[0]), s("circle", { r: 9, class: "ring" }));
      }
      group.addEventListener("pointerenter", (event) => showTip({ x: event.clientX, y: event.clientY }, tipOf(c)));
      group.addEventListener("pointerleave", hideTip);
      group.addEventListener("click", () => state.select(c));
      nodes.set(c.id, group);
      svg.append(group);
    }
    holder.replaceChildren(svg);
    highlight();
  }

  holder.addEventListener("keydown", (event) => {
    const key = event.key;
    if (!["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"].includes(key)) return;
    event.preventDefault();
    const id = state.selected?.id;
    const here = id ? placed.at.get(id) : undefined;
    let next: string | undefined;
    if (!id || !here) {
      next = [...placed.at.keys()][0];
    } else if (key === "ArrowUp" || key === "ArrowDown") {
      const near = covers.flatMap(([a, b]) => (key === "ArrowUp" ? (a === id ? [b] : []) : b === id ? [a] : []));
      next = near.sort((a, b) => Math.abs((placed.at.get(a)?.x ?? 0) - here.x) - Math.abs((placed.at.get(b)?.x ?? 0) - here.x))[0];
    } else {
      const row = [...placed.at].filter(([, p]) => Math.abs(p.y - here.y) < 4).sort((a, b) => a[1].x - b[1].x).map(([other]) => other);
      next = row[row.indexOf(id) + (key === "ArrowRight" ? 1 : -1)];
    }
    if (next) state.select(report.byId.get(next));
  });
  select.addEventListener("input", draw);
  draw();
  state.onSelect(() => (usable[Number(select.value)]?.[0] === kAround ? draw() : highlight()));
  state.onFilter(highlight);
  return h("figure", {}, usable.length > 1 ? h("div", { class: "filters" }, h("label", {}, "show ", select)) : null, holder,
    asTable("The order", ["configuration", "score", "next safer"], () => {
      const next = order.covers(all.map((c) => c.id));
      return all.map((c) => [c.id, score(c.score), next.filter(([a]) => a === c.id).map(([, b]) => b).join(" ") || "nothing here"]);
    }));
}
