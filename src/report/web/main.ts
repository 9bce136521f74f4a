// The page: what was asked, the answer, the frontier; then the details, section by section.
import { besideChart } from "./beside.js";
import { comparison } from "./compare.js";
import { type Configuration, read, type Report } from "./data.js";
import { h, hideTip } from "./dom.js";
import { amount, bytes, percent, plural, range, score, seconds } from "./format.js";
import { frontierChart } from "./frontier.js";
import { inspect, inspector } from "./inspector.js";
import { glance } from "./matrix.js";
import { posetChart } from "./poset.js";
import { State } from "./state.js";
import { configurationTable } from "./table.js";

function proofBadge(report: Report): HTMLElement {
  const { proof, gap } = report.raw;
  if (proof === "z3") return h("span", { class: "badge good", title: "Exact search; Z3 refuted anything better" }, "proven, confirmed by Z3");
  if (proof === "bound") return h("span", { class: "badge good", title: "Exact search with proven bounds" }, "proven by exact bounds");
  if (proof === "gap" && typeof gap === "number" && gap < 1) {
    return h("span", { class: "badge warn", title: "The search was cut short; nothing is cheaper by more than this" }, `gap ${percent(gap, 2)}`);
  }
  return h("span", { class: "badge warn", title: "The search was cut short" }, "unproven");
}

function platformBadge(report: Report): HTMLElement | null {
  const p = report.raw.platform;
  if (!p) return null;
  const key = p.key ?? [p.platform, p.accelerator, p.clock].filter(Boolean).join("/");
  return h("span", { class: "badge", title: [p.machine, p.why].filter(Boolean).join("\n") }, key.replaceAll("/", " · "));
}

/** The answer in a sentence. */
function answer(report: Report, state: State): HTMLElement {
  const best = report.stars[0];
  const sentence = h("p", { class: "answer" });
  if (!best) {
    sentence.append(report.configurations.length === 0 ? "No configuration was found." : report.configurations.some((c) => c.within) ? "Which is safest was not determined." : "No configuration stays within the budget.");
    return sentence;
  }
  const pick = (c: Configuration): HTMLElement => {
    const link = h("button", { type: "button", class: "link" }, h("code", {}, c.id));
    link.addEventListener("click", () => state.select(c));
    return link;
  };
  sentence.append(
    report.budget === null ? "The safest: " : "The safest you can afford: ", pick(best),
    `, ${plural(best.compartments.length, "compartment")}, safety score ${score(best.score)}, at `,
    h("b", {}, percent(best.performance)), " of the unprotected image’s performance ",
    h("span", { class: "muted" }, best.measured ? `(measured, 95 % interval ${range(best.measured)})` : "(predicted)"), ".");
  const others = report.stars.slice(1);
  if (others.length) {
    sentence.append(others.length === 1 ? " Another is neither safer nor less safe: " : ` ${others.length} others are neither safer nor less safe: `);
    for (const [i, c] of others.slice(0, 3).entries()) sentence.append(i ? ", " : "", pick(c));
    sentence.append(others.length > 3 ? "…" : ".");
  }
  return sentence;
}

function themeButton(): HTMLElement {
  const root = document.documentElement;
  const dark = (): boolean => (root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
  const button = h("button", { type: "button", id: "theme", class: "quiet" });
  const show = (): void => {
    button.textContent = dark() ? "light" : "dark";
    button.setAttribute("aria-label", `Switch to ${dark() ? "light" : "dark"} colours`);
  };
  button.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    show();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  show();
  return button;
}

function budgetText(report: Report): string {
  const b = report.raw.budget;
  const parts: string[] = [];
  if (report.budget !== null) parts.push(`slowdown ≤ ${amount(1 / report.budget)}×`);
  if (b?.memory) parts.push(`memory ≤ ${typeof b.memory === "number" ? bytes(b.memory) : b.memory}`);
  if (b?.vms) parts.push(plural(b.vms, "VM"));
  if (b?.keys) parts.push(plural(b.keys, "key"));
  return parts.join(", ");
}

function about(report: Report): HTMLElement {
  const { raw } = report;
  const rows: [string, string | Node][] = [];
  const add = (name: string, value: string | number | null | undefined): void => {
    if (value !== null && value !== undefined && value !== "") rows.push([name, String(value)]);
  };
  add("spec", raw.file);
  add("workload", raw.workload);
  add("budget", budgetText(report));
  add("platform", raw.platform?.key);
  add("machine", raw.platform?.machine);
  add("why this platform", raw.platform?.why);
  add("strategy", raw.preset);
  add("nothing measured because", raw.not_measured);
  add("left out", (raw.left_out ?? []).join("; "));
  const base = raw.baseline;
  if (base?.per_operation) add("unprotected image", `${amount(base.per_operation.median)} ${report.clock} an operation${base.throughput ? `, ${amount(base.throughput)} operations/s` : ""}${base.runs ? `, ${plural(base.runs, "run")}` : ""}`);
  add("made", [raw.made?.replace("T", " ").replace(/:\d\dZ$/, " UTC"), raw.tool].filter(Boolean).join(" by "));
  const steps = raw.steps ?? [];
  return h("div", { class: "about" },
    h("dl", { class: "facts" }, ...rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
    steps.length
      ? h("table", { class: "plain" }, h("caption", {}, `What was done${raw.seconds ? `, ${seconds(raw.seconds)} in all` : ""}`),
          h("tbody", {}, ...steps.map((step) => h("tr", {}, h("th", { scope: "row" }, step.name), h("td", {}, step.text ?? ""), h("td", { class: "num" }, seconds(step.seconds))))))
      : null,
    h("div", { class: "prose" },
      h("p", {}, "Performance is the share of the unprotected image’s that is left: its time for an operation divided by this one’s. Measured figures are medians of runs that are paired with runs of the unprotected image; intervals hold 95 %. Predicted figures come from the spec’s profile and the cost of each gate and hardening; they add up."),
      h("p", {}, "Safety is a partial order: one configuration is at least as safe as another if it separates every pair of components at least as strictly, hardens every component at least as much, and shares no more. The score is a weighted projection of that order onto one axis; stars are what nothing affordable is safer than in every respect."),
      report.raw.platform?.clock === "instructions" ? h("p", {}, `This platform counts instructions. ${report.raw.platform.key?.includes("busy-") ? "A client outside of the image drives it, so idling is left out and runs differ a little. It" : "That is exact and repeatable, and"} says nothing about caches, branch prediction or the price of a single instruction.`) : null));
}

function section(id: string, title: string, lead: string, content: HTMLElement | null): HTMLElement | null {
  return content && h("section", { id, "aria-labelledby": `${id}-title` }, h("h2", { id: `${id}-title` }, title), lead ? h("p", { class: "lead" }, lead) : null, content);
}

/** On paper nobody can click: the selected configuration and the stars are all written out. */
function printable(state: State): void {
  const extra = h("div", { class: "print-only" });
  document.body.append(extra);
  const fill = (): void => {
    const list = state.report.stars.filter((c) => c !== state.selected).slice(0, 5);
    extra.replaceChildren(...list.map((c) => h("article", { class: "inspector" }, ...inspect(state.report, c))));
  };
  addEventListener("beforeprint", fill);
  addEventListener("afterprint", () => extra.replaceChildren());
}

function start(): void {
  const report = read(document.getElementById("data")?.textContent ?? "{}");
  const wanted = report.byId.get(decodeURIComponent(location.hash.slice(1)));
  const first = wanted ?? report.stars[0] ?? report.measuredSteps.at(-1) ?? report.configurations[0] ?? report.extras[0] ?? null;
  const state = new State(report, first);
  document.title = `${report.raw.spec ?? "report"} – flexos-explore`;
  const print = h("button", { type: "button", class: "quiet", id: "print" }, "print");
  print.addEventListener("click", () => window.print());
  const measured = report.configurations.filter((c) => c.measured).length;
  const failed = report.configurations.filter((c) => c.status === "failed").length;
  const counts = [plural(report.configurations.length, "configuration"), measured ? `${measured} measured` : "nothing measured", failed ? `${failed} failed` : ""].filter(Boolean).join(", ");
  const sections = [
    section("configurations", "Configurations", "", configurationTable(state)),
    section("order", "Safety order", "Higher and connected means at least as safe in every respect. Stars: nothing affordable is safer.", posetChart(state)),
    section("prediction", "Predicted and measured", "", comparison(state)),
    section("beside", "Another workload", "What the same choices leave of either workload’s performance; on the line they leave the same.", besideChart(state)),
    section("glance", "All at a glance", "Each configuration a bar of performance, fastest first; below, which compartment each component is in and whether it is hardened.", glance(state)),
    section("about", "About these figures", "", about(report)),
  ].filter((x): x is HTMLElement => x !== null);
  const nav = h("nav", { "aria-label": "Sections" }, ...sections.map((x) => h("a", { href: `#${x.id}` }, x.querySelector("h2")?.textContent ?? "")));
  // Within-page links must not replace the selection in the address.
  nav.addEventListener("click", (event) => {
    const link = (event.target as Element).closest("a");
    if (!link) return;
    event.preventDefault();
    const target = document.getElementById(link.hash.slice(1));
    target?.scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    target?.setAttribute("tabindex", "-1");
    target?.focus({ preventScroll: true });
  });
  // The data and the script stay: a page that a browser saves is a report again.
  for (const element of [...document.body.children]) if (element.localName !== "script") element.remove();
  document.body.append(
    h("a", { class: "skip", href: "#inspector" }, "To the selected configuration"),
    h("header", { class: "page" },
      h("div", { class: "title" }, h("h1", {}, report.raw.spec ?? "report"), h("span", { class: "muted" }, [report.raw.workload, counts].filter(Boolean).join(" · "))),
      h("div", { class: "badges" }, proofBadge(report), report.raw.interrupted ? h("span", { class: "badge warn", title: "Run the same command again: it goes on where it was stopped" }, "interrupted") : null, platformBadge(report), budgetText(report) ? h("span", { class: "badge" }, budgetText(report)) : null),
      h("div", { class: "tools" }, themeButton(), print)),
    h("main", {},
      h("div", { class: "first" },
        answer(report, state),
        h("section", { id: "frontier", "aria-label": "Frontier" }, frontierChart(state)), nav),
      inspector(state),
      h("div", { class: "rest" }, ...sections)));
  printable(state);
  addEventListener("scroll", hideTip, { passive: true });
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") hideTip();
    const target = event.target as Element;
    if (event.key === "/" && !target.closest("input, select")) {
      event.preventDefault();
      document.getElementById("search")?.focus();
    }
  });
  addEventListener("hashchange", () => state.select(report.byId.get(decodeURIComponent(location.hash.slice(1)))));
  document.documentElement.dataset.ready = "yes";
}

start();
