// All configurations as a table: filters, search, order; the arrow keys move the selection.
import { type Configuration } from "./data.js";
import { markOf } from "./frontier.js";
import { h, s } from "./dom.js";
import { hardening, none, percent, plural, score, state as stateOf } from "./format.js";
import type { State } from "./state.js";

interface Column {
  name: string;
  title?: string;
  kind?: string;
  key: (c: Configuration) => number | string | null;
  cell: (c: Configuration) => string | Node;
  falling?: boolean;
}

function layoutCell(c: Configuration): Node {
  const cell = h("span", { class: "layout" });
  for (const [i, k] of c.compartments.entries()) {
    if (i > 0) cell.append(h("i", {}, " | "));
    cell.append(k.components.join(" "));
  }
  return cell;
}

function columns(state: State): Column[] {
  const any = (test: (c: Configuration) => unknown): boolean => state.report.configurations.some((c) => test(c));
  const list: (Column | false)[] = [
    { name: "", title: "state", kind: "state", key: (c) => (c.star ? 0 : c.status === "measured" ? 1 : c.status === "predicted" ? 2 : 3) + (c.within ? 0 : 0.5),
      cell: (c) => { const label = `${c.star ? "star, " : ""}${stateOf(c)}`; return s("svg", { width: 20, height: 18, viewBox: "-10 -9 20 18", role: "img", "aria-label": label }, s("title", {}, label), markOf(c, 4, c === state.report.stars[0])); } },
    { name: "id", key: (c) => c.id, cell: (c) => h("code", {}, c.id) },
    { name: "compartments", kind: "wide", key: (c) => c.compartments.length, cell: layoutCell },
    { name: "boundaries", key: (c) => c.mechanisms.join(" "), cell: (c) => c.mechanisms.join(", ") || "none" },
    { name: "hardening", kind: "wide", key: (c) => hardening(c), cell: (c) => h("span", { class: "layout" }, hardening(c) || none) },
    any((c) => c.measured) && { name: "measured", kind: "num", falling: true, key: (c) => c.measured?.median ?? null, cell: (c) => (c.measured ? percent(c.measured.median) : c.status === "failed" ? (c.raw.failure?.cause ?? "failed") : none) },
    any((c) => c.measured) && { name: "±", title: "half of the 95 % interval, points", kind: "num", key: (c) => (c.measured ? c.measured.high - c.measured.low : null), cell: (c) => (c.measured ? (50 * (c.measured.high - c.measured.low)).toFixed(1) : "") },
    { name: "predicted", kind: "num", falling: true, key: (c) => c.predicted, cell: (c) => percent(c.predicted) },
    { name: "score", kind: "num", falling: true, key: (c) => c.score, cell: (c) => score(c.score) },
    any((c) => c.raw.attacks) && { name: "attacks", title: "with the end that was promised", kind: "num", key: (c) => c.raw.attacks?.as_promised ?? null, cell: (c) => (c.raw.attacks ? `${c.raw.attacks.as_promised ?? "?"}/${c.raw.attacks.cells ?? "?"}` : none) },
  ];
  return list.filter((column): column is Column => column !== false);
}

export function configurationTable(state: State): HTMLElement {
  const { report } = state;
  const all = report.configurations;
  const shape = columns(state);
  let sorted = { column: shape.findIndex((c) => c.name === (report.anyMeasured ? "measured" : "predicted")), down: true };
  let order: Configuration[] = [];

  const text = h("input", { type: "search", placeholder: "component, hardening, id…", "aria-label": "Search the configurations", id: "search" });
  const option = (value: string, name: string): HTMLElement => h("option", { value }, name);
  const status = h("select", { "aria-label": "State", id: "status" }, option("", "any state"),
    ...["measured", "predicted", "failed"].filter((x) => all.some((c) => c.status === x)).map((x) => option(x, x)));
  const mechanism = h("select", { "aria-label": "Boundary", id: "mechanism" }, option("", "any boundary"),
    ...report.mechanisms.filter((m) => all.some((c) => c.mechanisms.includes(m))).map((m) => option(m, `with ${m}`)));
  const within = h("input", { type: "checkbox", id: "within" });
  const stars = h("input", { type: "checkbox", id: "stars" });
  const clear = h("button", { type: "button", class: "quiet" }, "clear");
  const count = h("span", { class: "muted", role: "status" });
  const filters = h("div", { class: "filters", role: "search" }, text, status, mechanism,
    report.budget !== null ? h("label", {}, within, "within budget") : null,
    report.stars.length ? h("label", {}, stars, "stars") : null, clear, count);

  const head = h("tr");
  const body = h("tbody");
  const rows = new Map<string, HTMLTableRowElement>();
  for (const c of all) {
    const row = h("tr", { "data-id": c.id, tabindex: -1, class: `${c.status}${c.within ? "" : " over"}${c.star ? " star" : ""}` },
      ...shape.map((column) => h("td", { class: column.kind ?? "" }, column.cell(c))));
    row.addEventListener("click", () => state.select(c));
    row.addEventListener("focus", () => state.select(c));
    rows.set(c.id, row);
  }
  const haystack = new Map(all.map((c) => [c.id, `${c.id} ${c.layout} ${hardening(c)} ${stateOf(c)}`.toLowerCase()]));

  function arrange(): void {
    const column = shape[sorted.column];
    const sign = sorted.down ? -1 : 1;
    const key = column?.key ?? (() => null);
    order = all.filter((c) => state.visible.has(c.id)).sort((a, b) => {
      const x = key(a);
      const y = key(b);
      if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1; // what is not known comes last either way
      return sign * (typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y)));
    });
    body.replaceChildren(...order.flatMap((c) => rows.get(c.id) ?? []));
    if (order.length === 0) body.append(h("tr", {}, h("td", { colspan: shape.length, class: "empty" }, all.length ? "No configuration is like that." : "There is no configuration.")));
    count.textContent = order.length === all.length ? plural(all.length, "configuration") : `${order.length} of ${plural(all.length, "configuration")}`;
    for (const [i, th] of [...head.children].entries()) {
      th.setAttribute("aria-sort", i === sorted.column ? (sorted.down ? "descending" : "ascending") : "none");
    }
    mark(false);
  }

  function filter(): void {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    state.filter(new Set(all.filter((c) =>
      words.every((word) => haystack.get(c.id)?.includes(word)) &&
      (!status.value || c.status === status.value) &&
      (!mechanism.value || c.mechanisms.includes(mechanism.value)) &&
      (!within.checked || c.within) && (!stars.checked || c.star)).map((c) => c.id)));
    arrange();
  }

  /** One row is in the tab order: the selected one, or the first. */
  function mark(scroll: boolean): void {
    const chosen = state.selected && order.includes(state.selected) ? state.selected : order[0];
    for (const [id, row] of rows) {
      const is = id === state.selected?.id;
      row.classList.toggle("selected", is);
      row.setAttribute("aria-selected", String(is));
      row.tabIndex = id === chosen?.id ? 0 : -1;
    }
    const row = chosen && rows.get(chosen.id);
    if (!scroll || !row || state.selected !== chosen) return;
    // Only the table's own window moves, never the page under the reader.
    if (row.offsetTop < box.scrollTop + 34) box.scrollTop = row.offsetTop - 34;
    if (row.offsetTop + row.offsetHeight > box.scrollTop + box.clientHeight) box.scrollTop = row.offsetTop + row.offsetHeight - box.clientHeight;
  }

  for (const [i, column] of shape.entries()) {
    const button = h("button", { type: "button", title: column.title ?? `order by ${column.name}` }, column.name || h("span", { class: "sr-only" }, "state"));
    button.addEventListener("click", () => {
      sorted = { column: i, down: sorted.column === i ? !sorted.down : column.falling === true };
      arrange();
    });
    head.append(h("th", { scope: "col", class: column.kind ?? "" }, button));
  }
  body.addEventListener("keydown", (event) => {
    const page = 10;
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -all.length, End: all.length }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    state.step(order, by);
    if (state.selected) rows.get(state.selected.id)?.focus({ preventScroll: true });
    mark(true);
  });
  for (const control of [text, status, mechanism, within, stars]) control.addEventListener("input", filter);
  clear.addEventListener("click", () => {
    text.value = status.value = mechanism.value = "";
    within.checked = stars.checked = false;
    filter();
  });
  const box = h("div", { class: "scroll table-box" },
    h("table", { class: "configurations", role: "grid", "aria-label": "Configurations; arrow keys move the selection" }, h("thead", {}, head), body));
  arrange();
  state.onSelect(() => mark(true));
  return h("div", {}, filters, box);
}
