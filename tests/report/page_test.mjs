// The report's page in headless Chromium. $FLEXOS_REPORT_PAGES holds NAME.html and NAME.json of each
// kind (pages.py), $FLEXOS_REPORT_MODULES what scripts/build-report --tests installed.
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";

const folder = process.env.FLEXOS_REPORT_PAGES;
const { chromium } = createRequire(join(process.env.FLEXOS_REPORT_MODULES, "package.json"))("playwright-core");
const data = (name) => JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"));

let browser;
before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync"],
  });
});
after(() => browser?.close());

/** Opens a page and does `what`; a request, a message on the console or an error fails the test. */
async function visit(name, what, options = {}) {
  const { hash = "", ...context } = options;
  const page = await browser.newPage({ viewport: { width: 1280, height: 860 }, ...context });
  const said = [];
  page.on("console", (message) => said.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => said.push(`error: ${error.message}`));
  page.on("request", (request) => {
    if (!request.url().startsWith("file:")) said.push(`request: ${request.url()}`);
  });
  page.on("dialog", (dialog) => {
    said.push("dialog");
    dialog.dismiss();
  });
  try {
    await page.goto(`file://${join(folder, `${name}.html`)}${hash}`);
    await page.waitForSelector("html[data-ready]");
    await page.waitForSelector("#frontier svg, #frontier .empty");
    await what(page);
    assert.deepEqual(said, []);
  } finally {
    await page.close();
  }
}

const selected = (page) => page.locator("aside.inspector h2 code").textContent();
const rows = (page) => page.locator(".configurations tbody tr[data-id]");

test("every kind of data is drawn, without a request and without a word on the console", async () => {
  for (const name of ["ordinary", "large", "few", "bare", "empty"]) {
    await visit(name, async (page) => {
      assert.equal(await rows(page).count(), data(name).configurations.length, name);
      assert.equal(await page.locator("section h2").count() >= 4, true, name);
    });
  }
});

test("every configuration has its mark: measured solid, predicted hollow, failed a cross", async () => {
  await visit("ordinary", async (page) => {
    const all = data("ordinary").configurations;
    const count = (selector) => page.locator(`#frontier .marks ${selector}`).count();
    assert.equal(await count(".dot.measured"), all.filter((c) => c.measured).length);
    assert.equal(await count(".dot.failed"), all.filter((c) => c.failure).length);
    assert.equal(await page.locator("#frontier .intervals path").count(), all.filter((c) => c.measured).length);
    assert.match(await page.locator(".badges").first().textContent(), /proven.*qemu · tcg · instructions.*≤ 2\.5×/s);
  });
});

test("another workload: what ran in both, here to the right and there upwards", async () => {
  await visit("ordinary", async (page) => {
    const there = new Map(data("ordinary-other").configurations.map((c) => [[...c.id].reverse().join(""), c]));
    const value = (c) => c.measured?.relative.median ?? c.relative_performance;
    const both = data("ordinary").configurations.filter((c) => !c.failure && !there.get(c.id).failure);
    assert.ok(both.length > 10 && both.length < data("ordinary").configurations.length - 3);
    const dots = new Map();
    for (const dot of await page.locator("#beside circle[data-id]").all()) {
      const [id, x, y, measured] = await dot.evaluate((c) =>
        [c.dataset.id, Number(c.getAttribute("cx")), Number(c.getAttribute("cy")), c.classList.contains("measured")]);
      dots.set(id, { x, y, measured });
    }
    assert.deepEqual(new Set(dots.keys()), new Set(both.map((c) => c.id)));
    // Twice as far to the right as upwards, measured from the corner that both scales share: the line shows it.
    const [[x1, y1], [x2, y2]] = await page.locator("#beside g[aria-label='line'] path").evaluate((line) =>
      line.getAttribute("d").slice(1).split("L").map((point) => point.split(",").map(Number)));
    const first = both[0];
    const last = both.at(-1);
    const perShare = (dots.get(last.id).x - dots.get(first.id).x) / (value(last) - value(first));
    const high = perShare * (y1 - y2) / (x2 - x1);
    for (const c of both) {
      const { x, y, measured } = dots.get(c.id);
      const right = (x - dots.get(first.id).x) / perShare + value(first);
      assert.ok(Math.abs(right - value(c)) < 0.002, c.id);
      const up = (dots.get(first.id).y - y) / high + value(there.get(first.id));
      assert.ok(Math.abs(up - value(there.get(c.id))) < 0.002, c.id);
      assert.equal(measured, Boolean(c.measured && there.get(c.id).measured), c.id);
    }
    await page.locator("#beside details.as-table > summary").click();
    const cells = await page.locator("#beside tbody tr").filter({ hasText: last.id }).locator("td").allTextContents();
    assert.equal(cells[1], `${(100 * value(last)).toFixed(1)} %`);
    assert.equal(cells[2], `${(100 * value(there.get(last.id))).toFixed(1)} %`);
    assert.equal(await page.locator("#beside tbody tr").count(), both.length);
  });
  await visit("few", async (page) => assert.equal(await page.locator("#beside").count(), 0));
});

test("hostile names are text: nothing runs, nothing is added to the document", async () => {
  await visit("hostile", async (page) => {
    assert.equal(await page.evaluate("typeof window.broken"), "undefined");
    assert.equal(await page.locator("script").count(), 2);
    assert.equal(await page.locator("img, iframe, object, base, form").count(), 0);
    assert.match(await page.locator("h1").textContent(), /^<\/script><script>window\.broken=1<\/script>$/);
    // Select each, open every table, hover: what is drawn late is text as well.
    for (const id of data("hostile").configurations.slice(0, 6).map((c) => c.id)) await page.locator(`tr[data-id="${id}"]`).click();
    for (const summary of await page.locator("details.as-table > summary").all()) await summary.click();
    await page.locator("#frontier .marks g").first().hover({ force: true });
    await page.fill("#search", "</script><img src=x onerror=window.broken=1>");
    assert.equal(await page.evaluate("typeof window.broken"), "undefined");
    assert.equal(await page.locator("img").count(), 0);
    assert.equal(await page.locator("script").count(), 2);
  });
});

test("the policy stops scripts and connections that somebody would bring in", async () => {
  const page = await browser.newPage();
  await page.goto(`file://${join(folder, "few.html")}`);
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "window.broken = 1";
    document.body.append(script);
    document.body.insertAdjacentHTML("beforeend", "<b onclick='window.broken=1'>x</b>");
    document.querySelector("b[onclick]").click();
  });
  assert.equal(await page.evaluate("typeof window.broken"), "undefined");
  const sent = await page.evaluate(() => fetch("http://127.0.0.1:9/").then(() => "sent", () => "refused"));
  assert.equal(sent, "refused");
  const image = await page.evaluate(() => new Promise((done) => {
    document.addEventListener("securitypolicyviolation", (event) => done(event.effectiveDirective));
    new Image().src = "http://127.0.0.1:9/x.png";
  }));
  assert.equal(image, "img-src");
  await page.close();
});

test("the arrow keys walk through the table, and everything follows", async () => {
  await visit("ordinary", async (page) => {
    const first = rows(page).nth(0);
    await first.focus();
    const ids = await rows(page).evaluateAll((list) => list.map((row) => row.dataset.id));
    assert.equal(await selected(page), ids[0]);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    assert.equal(await selected(page), ids[2]);
    assert.equal(await page.locator("tr[aria-selected=true]").getAttribute("data-id"), ids[2]);
    assert.equal(await page.locator("#frontier g.selected").getAttribute("data-id"), ids[2]);
    assert.equal(await page.evaluate(() => document.activeElement.dataset.id), ids[2]);
    await page.keyboard.press("End");
    assert.equal(await selected(page), ids.at(-1));
    assert.match(await page.locator("aside [role=status]").textContent(), new RegExp(ids.at(-1)));
    assert.equal(await page.evaluate(() => decodeURIComponent(location.hash.slice(1))), ids.at(-1));
  });
});

test("the arrow keys walk through each chart", async () => {
  await visit("ordinary", async (page) => {
    for (const chart of ["#frontier .chart", "#prediction .chart", "#glance .chart", "#order .chart"]) {
      await page.locator(chart).focus();
      await page.keyboard.press("Home");
      const before = await selected(page);
      for (const key of ["ArrowRight", "ArrowRight", "ArrowDown", "ArrowDown"]) await page.keyboard.press(key);
      assert.notEqual(await selected(page), before, chart);
    }
  });
});

test("a click in a chart selects", async () => {
  await visit("ordinary", async (page) => {
    const id = data("ordinary").configurations.find((c) => c.failure).id;
    await page.locator(`#frontier g[data-id="${id}"]`).dispatchEvent("click");
    assert.equal(await selected(page), id);
    assert.match(await page.locator("aside .verdict.bad").first().textContent(), /^✗ [a-z-]+: ended before/);
  });
});

test("the inspector shows compartments, gates, costs, attacks and the scan", async () => {
  const all = data("ordinary").configurations;
  const c = all.find((x) => x.attacks && x.measured);
  await visit("ordinary", async (page) => {
    assert.equal(await selected(page), c.id);
    const inspector = page.locator("aside.inspector");
    assert.equal(await inspector.locator(".box").count(), c.compartments.length);
    for (const name of data("ordinary").components.map((x) => x.name)) {
      assert.equal(await inspector.locator("text.component", { hasText: new RegExp(`^${name}${name}`) }).count(), 1, name);
    }
    assert.equal(await inspector.locator("path.gate").count() > 0, true);
    assert.match(await inspector.locator(".waterfall").textContent(), /predicted.*measured/s);
    assert.match(await inspector.textContent(), new RegExp(`${c.attacks.cells} attacks`));
    assert.match(await inspector.textContent(), /no code can change its own rights; 12 hidden/);
    assert.match(await inspector.locator("pre").textContent(), new RegExp(`build .* --config ${c.id}`));
  }, { hash: `#${c.id}` });
});

test("filters and search leave what they say", async () => {
  const all = data("ordinary").configurations;
  await visit("ordinary", async (page) => {
    await page.selectOption("#status", "measured");
    assert.equal(await rows(page).count(), all.filter((c) => c.measured).length);
    await page.check("#stars");
    const stars = new Set(data("ordinary").stars);
    assert.equal(await rows(page).count(), all.filter((c) => c.measured && stars.has(c.id)).length);
    await page.getByRole("button", { name: "clear" }).click();
    assert.equal(await rows(page).count(), all.length);
    await page.fill("#search", "sqlite asan");
    const found = await rows(page).count();
    assert.equal(found > 0 && found < all.length, true);
    assert.equal(await page.locator("#frontier g.faded").count() > 0, true);
    await page.fill("#search", "nobody is called that");
    assert.match(await page.locator(".configurations tbody").textContent(), /No configuration is like that/);
    await page.fill("#search", "");
    await page.selectOption("#mechanism", "vm");
    const vm = (c) => c.compartments.some((k) => (k.within ?? "").startsWith("vm"));
    assert.equal(await rows(page).count(), all.filter(vm).length);
  });
});

test("a column's head puts the rows in its order, and again the other way round", async () => {
  await visit("ordinary", async (page) => {
    const head = page.locator(".configurations th", { hasText: "score" });
    const scores = async () => (await page.locator(".configurations tbody tr td:nth-last-child(2)").allTextContents()).map(Number);
    await head.getByRole("button").click();
    assert.equal(await head.getAttribute("aria-sort"), "descending");
    let list = await scores();
    assert.deepEqual(list, [...list].sort((a, b) => b - a));
    await head.getByRole("button").press("Enter");
    assert.equal(await head.getAttribute("aria-sort"), "ascending");
    list = await scores();
    assert.deepEqual(list, [...list].sort((a, b) => a - b));
  });
});

test("dark and light: as the system has it, until the button says otherwise", async () => {
  const background = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = "rgb(255, 255, 255)";
  await visit("few", async (page) => {
    assert.notEqual(await background(page), light);
    await page.click("#theme");
    assert.equal(await background(page), light);
  }, { colorScheme: "dark" });
  await visit("few", async (page) => {
    assert.equal(await background(page), light);
    await page.locator("#theme").press("Enter");
    assert.notEqual(await background(page), light);
  }, { colorScheme: "light" });
});

test("on paper everything is written out, in light colours", async () => {
  await visit("ordinary", async (page) => {
    const pdf = await page.pdf({ format: "A4" });
    assert.equal(pdf.subarray(0, 5).toString(), "%PDF-");
    const pages = pdf.toString("latin1").match(/\/Type\s*\/Page\b/g)?.length ?? 0;
    assert.equal(pages > 3 && pages < 30, true, `${pages} pages`);
    await page.emulateMedia({ media: "print" });
    assert.equal(await page.locator("nav").isVisible(), false);
    assert.equal(await page.locator(".filters").first().isVisible(), false);
    const box = page.locator(".table-box");
    assert.equal(await box.evaluate((e) => getComputedStyle(e).maxHeight), "none");
    assert.equal(await box.evaluate((e) => getComputedStyle(document.body).backgroundColor), "rgb(255, 255, 255)");
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    assert.equal(await page.locator("article.inspector").count() > 0, true);
    await page.evaluate(() => dispatchEvent(new Event("afterprint")));
    assert.equal(await page.locator("article.inspector").count(), 0);
  }, { colorScheme: "dark" });
});

test("nothing makes the page wider than its window", async () => {
  for (const [name, width] of [["ordinary", 390], ["ordinary", 1024], ["hostile", 390], ["large", 1600], ["empty", 390]]) {
    await visit(name, async (page) => {
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.equal(over <= 0, true, `${name} at ${width}: ${over} too wide`);
    }, { viewport: { width, height: 800 } });
  }
});

test("each chart has its table, and every control its name", async () => {
  await visit("ordinary", async (page) => {
    for (const id of ["frontier", "order", "prediction", "glance"]) {
      const details = page.locator(`#${id} details.as-table`);
      await details.locator("summary").press("Enter");
      await details.locator("tbody tr").nth(1).waitFor({ state: "attached" });  // built when it is opened
    }
    const nameless = await page.evaluate(() => [...document.querySelectorAll("button, input, select, [tabindex='0'], svg[role=img]")]
      .filter((e) => !(e.getAttribute("aria-label") || e.textContent.trim() || e.labels?.length || e.title))
      .map((e) => e.outerHTML.slice(0, 80)));
    assert.deepEqual(nameless, []);
  });
});

test("the tab key goes through the page in order, and shows where it is", async () => {
  await visit("few", async (page) => {
    const seen = [];
    for (let i = 0; i < 9; ++i) {
      await page.keyboard.press("Tab");
      seen.push(await page.evaluate(() => {
        const e = document.activeElement;
        return [e.className || e.id || e.tagName, getComputedStyle(e).outlineStyle !== "none"];
      }));
    }
    assert.equal(seen[0][0], "skip");
    assert.equal(seen.every(([, outlined]) => outlined), true, JSON.stringify(seen));
    assert.equal(seen.some(([name]) => name === "chart"), true, JSON.stringify(seen));
  });
});

test("five hundred configurations stay one quick page", async () => {
  assert.equal(statSync(join(folder, "large.html")).size < 12e6, true);
  await visit("large", async (page) => {
    assert.equal(await page.locator("#glance svg.glance *").count() < 200, true); // paths, not thousands of marks
    await page.locator("#frontier .chart").focus();
    const before = await selected(page);
    for (let i = 0; i < 5; ++i) await page.keyboard.press("ArrowRight");
    assert.notEqual(await selected(page), before);
  });
});
