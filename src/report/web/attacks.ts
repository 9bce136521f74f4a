// What was tried inside the image, compartment against compartment, and whether it ended as promised.
import type { AttackCell, Configuration } from "./data.js";
import { asTable, h } from "./dom.js";
import { plural } from "./format.js";

export function attackMatrix(c: Configuration): HTMLElement | null {
  const attacks = c.raw.attacks;
  if (!attacks) return null;
  const cells = attacks.matrix ?? [];
  const count = attacks.cells ?? cells.length;
  const good = attacks.as_promised ?? cells.filter((x) => x.agrees !== false).length;
  const verdict = h("p", { class: good === count ? "verdict good" : "verdict bad" },
    good === count ? `✓ ${plural(count, "attack")}, each with the end that the configuration promises` : `✗ ${count - good} of ${plural(count, "attack")} did not end as promised`);
  if (cells.length === 0) return h("div", {}, verdict);
  const attackers = [...new Set(cells.map((x) => x.attacker))].sort((a, b) => a - b);
  const victims = [...new Set(cells.map((x) => x.victim))].sort((a, b) => (a === "platform" ? 1 : b === "platform" ? -1 : a - b));
  const of = (a: number, v: number | "platform"): AttackCell[] => cells.filter((x) => x.attacker === a && x.victim === v);
  const blocked = (x: AttackCell): boolean => x.observed !== "open";
  const table = h("table", { class: "matrix" },
    h("thead", {}, h("tr", {}, h("th", {}), ...victims.map((v) => h("th", { scope: "col" }, v)))),
    h("tbody", {}, ...attackers.map((a) => h("tr", {}, h("th", { scope: "row" }, a), ...victims.map((v) => {
      const here = of(a, v);
      if (here.length === 0) return h("td", { class: "nothing" }, "");
      const stopped = here.filter(blocked).length;
      const wrong = here.filter((x) => x.agrees === false);
      const share = stopped / here.length;
      const cell = h("td", {
        class: wrong.length ? "wrong" : a === v ? "itself" : "",
        title: wrong.length ? wrong.map((x) => `${x.attack}: expected ${x.expected}, observed ${x.observed}`).join("\n") : `${stopped} of ${here.length} stopped, as promised`,
      }, `${stopped}/${here.length}${wrong.length ? " ✗" : ""}`);
      cell.style.setProperty("--share", String(share));
      return cell;
    })))));
  return h("div", {}, verdict,
    h("p", { class: "muted note" }, "Stopped, of those tried from the compartment on the left on the one above. What went through is what the configuration does not promise to stop, such as reading code."),
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Attack matrix" }, table),
    asTable("Every attack", ["attack", "from", "on", "promised", "observed", "because"], () =>
      [...cells].sort((a, b) => Number(a.agrees !== false) - Number(b.agrees !== false)).map((x) => [
        x.attack, x.attacker, x.victim, x.expected ?? "", `${x.observed ?? ""}${x.agrees === false ? " ✗" : ""}`, x.why ?? "",
      ])));
}
