// The report's data as the page reads it (specs/schema/report.json). Any of it may be null or
// missing: an interrupted run and a run without measurements make reports too.

export interface Interval {
  median: number;
  low: number;
  high: number;
}

export interface GateCost {
  from: string;
  to: string;
  mechanism: string;
  calls: number;
  cost: number;
}

export interface HardeningCost {
  component: string;
  hardening: string[];
  cost: number;
}

export interface AttackCell {
  attack: string;
  attacker: number;
  victim: number | "platform";
  expected?: string;
  why?: string;
  observed?: string;
  fault?: string;
  agrees?: boolean;
}

export interface Measured {
  relative?: Interval | null;
  per_operation?: Interval | null;
  throughput?: number | null;
  runs?: number | null;
  outliers?: number | null;
  drift?: boolean | null;
  latency?: Record<string, number> | null;
  instructions?: number | null;
  crossings?: number | null;
  boot_seconds?: number | null;
  memory_bytes?: number | null;
  image_bytes?: number | null;
}

export interface Image {
  path?: string | null;
  hash?: string | null;
  bytes?: number | null;
  gates?: { from: number; to: number; caller: string; callee: string; function: string; mechanism: string }[] | null;
  compartments?: { number: number; components: string[]; key?: number | null }[] | null;
}

export interface RawConfiguration {
  id?: string;
  compartments?: { components: string[]; within?: string }[] | null;
  hardening?: Record<string, string[]> | null;
  variants?: Record<string, string> | null;
  sharing?: string | null;
  cost_cycles?: number | null;
  slowdown?: number | null;
  relative_performance?: number | null;
  safety_score?: number | null;
  memory_bytes_estimate?: number | null;
  layout?: string | null;
  within_budget?: boolean | null;
  costs?: { gates?: GateCost[] | null; hardening?: HardeningCost[] | null } | null;
  measured?: Measured | null;
  failure?: { cause?: string | null; detail?: string | null } | null;
  image?: Image | null;
  scan?: { clean?: boolean | null; fenced?: number | null } | null;
  attacks?: { cells?: number | null; as_promised?: number | null; matrix?: AttackCell[] | null } | null;
}

/** What the same choices came to in another exploration, by the id here. */
export interface RawBeside {
  spec?: string | null;
  workload?: string | null;
  made?: string | null;
  platform?: string | null;
  count?: number | null;
  configurations?: Record<string, { relative_performance?: number | null; relative?: Interval | null }> | null;
}

export interface RawReport {
  tool?: string;
  spec?: string;
  file?: string;
  workload?: string | null;
  made?: string;
  platform?: Partial<Record<"key" | "platform" | "accelerator" | "clock" | "machine" | "why", string | null>> | null;
  proof?: string | null;
  gap?: number | null;
  optimal?: boolean | null;
  budget?: { slowdown?: number | null; memory?: number | string | null; vms?: number | null; keys?: number | null } | null;
  components?: { name: string; description?: string | null; untrusted?: boolean | null }[] | null;
  mechanisms?: string[] | null;
  hardenings?: string[] | null;
  configurations?: RawConfiguration[] | null;
  baseline?: Measured | null;
  frontier?: { points?: RawConfiguration[] | null; complete?: boolean | null } | null;
  measured_frontier?: string[] | null;
  poset?: { nodes?: string[] | null; covers?: ([string, string] | { safer: string; than: string })[] | null; maximal?: string[] | null } | null;
  stars?: string[] | null;
  beside?: RawBeside | null;
  steps?: { name: string; seconds?: number | null; text?: string | null }[] | null;
  seconds?: number | null;
  preset?: string | null;
  not_measured?: string | null;
  interrupted?: boolean | null;
  left_out?: string[] | null;
}

export type Status = "measured" | "predicted" | "failed";

/** A configuration as the page shows it. Performance is a share of the unprotected image's. */
export interface Configuration {
  raw: RawConfiguration;
  id: string;
  status: Status;
  within: boolean;
  star: boolean;
  /** On the predicted frontier alone: not among those that were looked at more closely. */
  extra: boolean;
  predicted: number | null;
  measured: Interval | null;
  /** Measured where it was measured, else predicted. */
  performance: number | null;
  score: number | null;
  compartments: { components: string[]; path: string[] }[];
  hardening: Map<string, string[]>;
  /** Mechanisms between its compartments, weakest first. */
  mechanisms: string[];
  layout: string;
}

export interface Report {
  raw: RawReport;
  configurations: Configuration[];
  /** Points of the predicted frontier that are not among the configurations; they can be looked at. */
  extras: Configuration[];
  byId: Map<string, Configuration>;
  components: { name: string; description: string; untrusted: boolean }[];
  mechanisms: string[];
  steps: { performance: number; score: number }[];
  measuredSteps: Configuration[];
  stars: Configuration[];
  /** Least performance that the budget asks for. */
  budget: number | null;
  anyMeasured: boolean;
  clock: string;
  beside: Beside | null;
}

export interface Beside {
  workload: string;
  platform: string;
  made: string;
  count: number;
  configurations: Map<string, { performance: number; measured: Interval | null }>;
}

const number = (value: unknown): number | null =>
  typeof value === "number" && Number.isFinite(value) ? value : null;

const list = <T>(value: T[] | null | undefined): T[] => (Array.isArray(value) ? value : []);

function interval(value: Interval | null | undefined): Interval | null {
  const median = number(value?.median);
  if (median === null) return null;
  return { median, low: number(value?.low) ?? median, high: number(value?.high) ?? median };
}

/** The coarsest boundary between two compartments: where their paths in the nesting part. */
export function boundary(a: { path: string[] }, b: { path: string[] }): string {
  for (let i = 0; i < Math.max(a.path.length, b.path.length); ++i) {
    if (a.path[i] !== b.path[i]) return (a.path[i] ?? b.path[i] ?? "").replace(/:\d+$/, "");
  }
  return "";
}

function configuration(raw: RawConfiguration, mechanisms: string[]): Configuration {
  const measured = raw.failure ? null : interval(raw.measured?.relative);
  const slowdown = number(raw.slowdown);
  const predicted = number(raw.relative_performance) ?? (slowdown ? 1 / slowdown : null);
  const compartments = list(raw.compartments).map((c) => ({
    components: list(c.components),
    path: (c.within ?? "").split("/").filter((part) => part !== ""),
  }));
  const used = new Set<string>();
  for (const [i, a] of compartments.entries()) {
    for (const b of compartments.slice(i + 1)) used.add(boundary(a, b));
  }
  used.delete("");
  return {
    raw,
    id: raw.id ?? "?",
    status: raw.failure ? "failed" : measured ? "measured" : "predicted",
    within: raw.within_budget ?? true,
    star: false,
    extra: false,
    predicted,
    measured,
    performance: measured?.median ?? predicted,
    score: number(raw.safety_score),
    compartments,
    hardening: new Map(Object.entries(raw.hardening ?? {}).map(([name, h]) => [name, list(h)])),
    mechanisms: [...used].sort((a, b) => mechanisms.indexOf(a) - mechanisms.indexOf(b)),
    layout: raw.layout ?? compartments.map((c) => `{${c.components.join(" ")}}`).join(" | "),
  };
}

function beside(raw: RawBeside | null | undefined): Beside | null {
  if (!raw) return null;
  const configurations: Beside["configurations"] = new Map();
  for (const [id, there] of Object.entries(raw.configurations ?? {})) {
    const measured = interval(there?.relative);
    const performance = measured?.median ?? number(there?.relative_performance);
    if (performance !== null) configurations.set(id, { performance, measured });
  }
  return {
    workload: raw.workload ?? raw.spec ?? "the other",
    platform: [...configurations.values()].some((c) => c.measured) ? (raw.platform ?? "") : "",
    made: raw.made ?? "",
    count: number(raw.count) ?? configurations.size,
    configurations,
  };
}

export function read(text: string): Report {
  const raw = JSON.parse(text) as RawReport;
  const mechanisms = list(raw.mechanisms);
  const configurations = list(raw.configurations).map((c) => configuration(c, mechanisms));
  const byId = new Map(configurations.map((c) => [c.id, c]));
  const extras: Configuration[] = [];
  const steps: { performance: number; score: number }[] = [];
  const slowdown = number(raw.budget?.slowdown);
  const budget = slowdown && slowdown > 0 ? 1 / slowdown : null;
  for (const point of list(raw.frontier?.points)) {
    const c = configuration(point, mechanisms);
    if (c.predicted === null || c.score === null) continue;
    steps.push({ performance: c.predicted, score: c.score });
    if (!point.id || byId.has(point.id)) continue;
    c.extra = true;
    c.within = point.within_budget ?? (budget === null || c.predicted >= budget - 1e-9);
    byId.set(c.id, c);
    extras.push(c);
  }
  steps.sort((a, b) => a.performance - b.performance || b.score - a.score);
  const stars = list(raw.stars).flatMap((id) => byId.get(id) ?? []);
  for (const c of stars) c.star = true;
  stars.sort((a, b) => (b.score ?? 0) - (a.score ?? 0));
  const names = new Map(list(raw.components).map((c) => [c.name, c]));
  for (const c of configurations) {
    for (const k of c.compartments) {
      for (const name of k.components) if (!names.has(name)) names.set(name, { name });
    }
  }
  return {
    raw,
    configurations,
    extras,
    byId,
    components: [...names.values()].map((c) => ({
      name: c.name,
      description: c.description ?? "",
      untrusted: c.untrusted === true,
    })),
    mechanisms,
    steps,
    measuredSteps: list(raw.measured_frontier)
      .flatMap((id) => byId.get(id) ?? [])
      .filter((c) => c.measured && c.score !== null)
      .sort((a, b) => (a.performance ?? 0) - (b.performance ?? 0)),
    stars,
    budget,
    anyMeasured: configurations.some((c) => c.measured),
    clock: raw.platform?.clock === "instructions" ? "instructions" : "cycles",
    beside: beside(raw.beside),
  };
}
