// Figures as a person reads them.
import type { Configuration, Interval } from "./data.js";

export const none = "–";

export function percent(share: number | null | undefined, digits = 1): string {
  return share === null || share === undefined ? none : `${(100 * share).toFixed(digits)} %`;
}

export function score(value: number | null | undefined): string {
  return value === null || value === undefined ? none : value.toFixed(3);
}

/** "62.0–62.6 %" */
export function range(i: Interval): string {
  return `${(100 * i.low).toFixed(1)}–${(100 * i.high).toFixed(1)} %`;
}

/** 12,345 or 1.23: three or four digits that matter. */
export function amount(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return none;
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return value.toLocaleString("en-GB", { maximumFractionDigits: digits });
}

export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return none;
  const units = ["bytes", "KiB", "MiB", "GiB"];
  let unit = 0;
  let left = value;
  while (left >= 1024 && unit + 1 < units.length) {
    left /= 1024;
    ++unit;
  }
  return `${amount(left)} ${units[unit]}`;
}

export function seconds(value: number | null | undefined): string {
  if (value === null || value === undefined) return none;
  if (value < 1) return `${amount(value * 1000)} ms`;
  if (value < 120) return `${amount(value)} s`;
  return `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString("en-GB")} ${n === 1 ? one : many}`;
}

/** "lwip, net: cfi, ubsan; vfs: asan": components that are hardened alike stand together. */
export function hardening(c: Configuration): string {
  const alike = new Map<string, string[]>();
  const add = (name: string, how: string): void => void alike.set(how, [...(alike.get(how) ?? []), name]);
  for (const [name, chosen] of c.hardening) if (chosen.length) add(name, chosen.join(", "));
  for (const [name, variant] of Object.entries(c.raw.variants ?? {})) {
    if (variant && variant !== "default") add(name, `${variant} variant`);
  }
  return [...alike].map(([how, names]) => `${names.join(", ")}: ${how}`).join("; ");
}

/** What one says of it in a word or two. */
export function state(c: Configuration): string {
  if (c.status === "failed") return `failed: ${c.raw.failure?.cause ?? "unknown"}`;
  const how = c.status === "measured" ? "measured" : "predicted";
  return c.within ? how : `${how}, over budget`;
}

/** Its layout in one line, cut where that gets long. */
export function shortLayout(c: Configuration, most: number): string {
  return c.layout.length <= most ? c.layout : `${c.layout.slice(0, most - 1)}…`;
}
