// Elements without a framework. Text only ever becomes text: nothing of the data is parsed as markup.

type Child = Node | string | number | null | undefined | false;
type Attributes = Record<string, string | number | boolean | null | undefined | EventListener>;

function fill(element: Element, attributes: Attributes, children: Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.replace(/^on/, ""), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false)
      element.setAttribute(name, String(value));
  }
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  fill(element, attributes, children);
  return element;
}

export function s<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  fill(element, attributes, children);
  return element;
}

let ruler: CanvasRenderingContext2D | null | undefined;

/** Width of a text in pixels, in the page's font. */
export function widthOf(text: string, size: number, weight = 400): number {
  ruler ??= document.createElement("canvas").getContext("2d");
  if (!ruler) return text.length * size * 0.56;
  ruler.font = `${weight} ${size}px ${getComputedStyle(document.body).fontFamily}`;
  return ruler.measureText(text).width;
}

/** A text no longer than `most` characters. */
export function shorten(text: string, most: number): string {
  const letters = [...text];
  return letters.length <= most ? text : letters.slice(0, most - 1).join("") + "…";
}

/** A table that says the same as the chart above it; made when somebody asks for it. */
export function asTable(what: string, head: string[], rows: () => (string | number)[][]): HTMLElement {
  const details = h("details", { class: "as-table" }, h("summary", {}, `${what} as a table`));
  details.addEventListener("toggle", () => {
    if (!details.open || details.childElementCount > 1) return;
    details.append(
      h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `${what}, table` },
        h("table", { class: "plain" },
          h("thead", {}, h("tr", {}, ...head.map((name) => h("th", { scope: "col" }, name)))),
          h("tbody", {}, ...rows().map((row) => h("tr", {}, ...row.map((cell) => h("td", {}, cell))))))),
    );
  });
  return details;
}

/** Draws at the holder's width, now and whenever that changes. */
export function fitted(holder: Element, draw: (width: number) => void): void {
  let last = 0;
  new ResizeObserver(([entry]) => {
    const width = Math.round(entry?.contentRect.width ?? 0);
    if (width < 50 || width === last) return;
    last = width;
    draw(width);
  }).observe(holder);
}

let tip: HTMLElement | undefined;

/** The one tooltip of the page; what it says is in the inspector and in the tables too. */
export function showTip(at: { x: number; y: number }, lines: (string | Node)[]): void {
  tip ??= document.body.appendChild(h("div", { class: "tip", "aria-hidden": "true" }));
  tip.replaceChildren(...lines.map((line) => h("div", {}, line)));
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  const x = at.x + 14 + box.width > window.innerWidth ? at.x - box.width - 14 : at.x + 14;
  const y = Math.min(at.y + 14, window.innerHeight - box.height - 8);
  tip.style.left = `${Math.max(4, x)}px`;
  tip.style.top = `${Math.max(4, y)}px`;
}

export function hideTip(): void {
  if (tip) tip.hidden = true;
}
