// What is selected and what the filters leave; everything else on the page listens.
import type { Configuration, Report } from "./data.js";

type Listener = () => void;

export class State {
  private listeners: Listener[] = [];
  private filterListeners: Listener[] = [];
  /** What the filters of the table leave; charts fade the rest. */
  visible: Set<string>;

  constructor(
    readonly report: Report,
    public selected: Configuration | null,
  ) {
    this.visible = new Set(report.configurations.map((c) => c.id));
  }

  onSelect(listener: Listener): void {
    this.listeners.push(listener);
  }

  onFilter(listener: Listener): void {
    this.filterListeners.push(listener);
  }

  select(c: Configuration | null | undefined): void {
    if (!c || c === this.selected) return;
    this.selected = c;
    history.replaceState(null, "", `#${encodeURIComponent(c.id)}`);
    for (const listener of this.listeners) listener();
  }

  filter(visible: Set<string>): void {
    this.visible = visible;
    for (const listener of this.filterListeners) listener();
  }

  /** The configuration that comes `by` places later in `order`. */
  step(order: Configuration[], by: number): void {
    if (order.length === 0) return;
    const at = this.selected ? order.indexOf(this.selected) : -1;
    const next = at < 0 ? 0 : Math.min(order.length - 1, Math.max(0, at + by));
    this.select(order[next]);
  }
}

/** Arrow keys walk through `order` while the chart has the focus. */
export function walk(element: Element, state: State, order: () => Configuration[]): void {
  element.addEventListener("keydown", (event) => {
    const key = (event as KeyboardEvent).key;
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity }[key];
    if (by === undefined) return;
    event.preventDefault();
    const list = order();
    state.step(list, Number.isFinite(by) ? by : by > 0 ? list.length : -list.length);
  });
}
