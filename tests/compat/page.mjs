// Plays the customer on the simulator's page in a real browser, and fails when something on it is not so.

import { createServer } from "node:http";
import { PAGE, TOKEN, act, assert, base, graph, load, play, post, read, send } from "./tools.mjs";

const { chromium } = load("playwright-core");
const ADA = "24601";
const PATIENCE_MS = 15_000;

const browser = await chromium.launch({ executablePath: `${process.env.NUNCIO_TOOLS}/bin/chromium`, args: ["--disable-gpu"] });
const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: "light", locale: "en-GB" });
context.setDefaultTimeout(PATIENCE_MS);
const page = await context.newPage();
const complaints = [];
page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
page.on("pageerror", (error) => complaints.push(error.message));

const box = page.getByLabel("Message as the customer");
const log = page.getByRole("log");
const said = (text) => log.getByText(text, { exact: true });
const lines = page.getByRole("list", { name: "Exchanges, newest first" }).getByRole("listitem");

async function open() {
  await page.goto(base);
  await page.getByRole("heading", { name: "Nuncio simulator" }).waitFor();
}

async function withAda() {
  await post("people", { page: PAGE, psid: ADA, name: "Ada Abe" });
  await post(`pages/${PAGE}/settings`, { name: "Harbour Books" });
  await open();
  await page.locator("#person").selectOption(ADA);
}

async function write(text) {
  await box.fill(text);
  await box.press("Enter");
  await said(text).waitFor();
}

/** A bot that answers every message with its text. */
async function bot() {
  const server = createServer((request, response) => {
    const url = new URL(request.url, "http://bot");
    if (request.method === "GET") return response.end(url.searchParams.get("hub.challenge"));
    let body = "";
    request.on("data", (part) => (body += part));
    request.on("end", async () => {
      response.end();
      for (const { sender, message } of JSON.parse(body).entry[0].messaging) {
        if (message?.text && !message.is_echo) await graph("me/messages", { recipient: { id: sender.id }, message: { text: `You said: ${message.text}` } });
      }
    });
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return { url: `http://127.0.0.1:${server.address().port}/webhook`, close: () => server.closeAllConnections() ?? server.close() };
}

const cases = {
  async conversation() {
    const answering = await bot();
    await open();
    await page.getByRole("button", { name: "New…" }).click();
    await page.getByLabel("URL").fill(answering.url);
    await page.getByRole("button", { name: "Verify and subscribe" }).click();
    await page.getByLabel("URL").waitFor({ state: "hidden" });
    await page.getByRole("button", { name: "New…" }).click();
    await page.getByLabel("Name", { exact: true }).fill("Ada Abe");
    await page.getByRole("button", { name: "Add the person" }).click();
    await page.getByText("Never opened").waitFor();
    await write("do you have The Waves?");
    await said("You said: do you have The Waves?").waitFor();
    await log.getByText(/Delivered/).waitFor();
    await page.getByText(/^Open, 2[34] h/).waitFor();

    await page.getByRole("button", { name: "+24 h" }).click();
    await page.getByText(/^Closed for/).waitFor();
    const psid = await page.locator("#person").inputValue();
    const refused = await graph("me/messages", { recipient: { id: psid }, message: { text: "too late" } });
    assert.equal(refused.error.error_subcode, 2018278);
    const line = lines.filter({ hasText: "400 · 10/2018278" });
    await line.waitFor();
    assert.equal(await lines.first().innerText(), await line.innerText(), "the newest line is the first");
    await line.locator("summary").click();
    await line.getByText('"text": "too late"').waitFor();
    await line.getByText(/outside of allowed window/).waitFor();
    assert.ok(!(await line.innerText()).includes(TOKEN), "the traffic shows no token");

    await write("and now?");
    await page.getByText(/^Open,/).waitFor();
    await said("You said: and now?").waitFor();
    answering.close();
  },

  /** No pointer: Tab, Enter, Escape, arrows and letters alone. */
  async keyboard() {
    await open();
    const keys = page.keyboard;
    const focused = () => page.evaluate(() => {
      const at = document.activeElement;
      return `${at.getAttribute("aria-label") ?? (at.labels?.[0]?.textContent || at.textContent)}`.trim().replace(/\s+/g, " ");
    });
    const tabTo = async (name, key = "Tab") => {
      for (let n = 0; n < 60; n += 1) {
        await keys.press(key);
        if ((await focused()).startsWith(name)) return;
      }
      assert.fail(`no way to “${name}” by ${key}`);
    };
    await keys.press("Tab");
    assert.equal(await focused(), "Skip to the message box");
    await tabTo("New…");
    await keys.press("Enter");
    assert.equal(await focused(), "Name", "what opens takes the focus");
    await keys.press("Escape");
    assert.equal(await focused(), "New…", "and gives it back");
    await keys.press("Enter");
    await keys.type("Ada Abe");
    await keys.press("Enter");
    await page.locator("#message:focus").waitFor();
    await keys.type("first line");
    await keys.press("Shift+Enter");
    await keys.type("second line");
    await keys.press("Enter");
    await log.getByText("first line second line").waitFor();
    await keys.press("ArrowUp");
    await keys.press("Control+A");
    await keys.type("edited");
    await keys.press("Enter");
    await said("edited").waitFor();

    const psid = await page.locator("#person").inputValue();
    await send(psid, { text: "tea?", quick_replies: [{ content_type: "text", title: "Yes", payload: "Y" }] });
    await page.getByRole("button", { name: "Yes" }).waitFor();
    await tabTo("Yes", "Shift+Tab");
    await keys.press("Enter");
    await said("Yes").waitFor();
    await page.locator("#message:focus").waitFor();
    await tabTo("Actions on “tea?”", "Shift+Tab");
    await keys.press("Enter");
    assert.equal(await focused(), "React: love");
    await keys.press("Enter");
    await log.getByLabel(/^Reactions: ❤/).waitFor();
    assert.equal(await focused(), "Actions on “tea?”", "focus stays at the message that changed");

    await tabTo("+1 h");
    await keys.press("Enter");
    await page.getByText(/^Open, 2[23] h/).waitFor();
    await tabTo("Advance by");
    await keys.type("23h");
    await keys.press("Enter");
    await page.getByText(/^Closed for/).waitFor();
    await tabTo("What goes wrong");
    await keys.type("throttle 429");
    await tabTo("Arm");
    await keys.press("Enter");
    await page.getByRole("list", { name: "Armed faults" }).getByText("throttle 429: 1 more").waitFor();
    await lines.first().waitFor();
    await tabTo("webhook");
    await keys.press("Enter");
    await lines.getByRole("heading", { name: "Body" }).first().waitFor();

    const nameless = await page.evaluate(() => [...document.querySelectorAll("button, a, input, select, textarea, summary")]
      .filter((one) => one.offsetParent && !(one.getAttribute("aria-label") || one.labels?.length || one.textContent.trim()))
      .map((one) => one.outerHTML));
    assert.deepEqual(nameless, [], "everything that can be used has a name");
  },

  /** Nothing that people or bots write becomes markup, a script or a link that runs one. */
  async markup() {
    const evil = '<img src="x" onerror="document.title=\'taken\'"><b>bold</b>';
    await post("people", { page: PAGE, psid: ADA, name: evil });
    await open();
    await write(evil);
    const buttons = [{ type: "postback", title: "<i>tap</i>", payload: "P" }];
    await send(ADA, { attachment: { type: "template", payload: { template_type: "generic", elements: [{ title: evil, subtitle: evil, buttons }] } } });
    await act(ADA, "write", { text: evil, attachments: [{ type: "fallback", payload: { url: "javascript:document.title='taken'", title: evil } }] });
    await page.getByRole("button", { name: "<i>tap</i>" }).waitFor();
    await log.getByText(/^Link: javascript:/).waitFor();
    for (const summary of await page.locator(".exchanges summary").all()) await summary.click();
    assert.deepEqual(await page.evaluate(() => ({
      title: document.title,
      strange: document.querySelectorAll("main b, main i, img[src='x'], [href^='javascript'], [onerror]").length,
    })), { title: "Nuncio simulator", strange: 0 });
    const answer = await fetch(base);
    const policy = answer.headers.get("content-security-policy");
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/);
    assert.doesNotMatch(policy, /unsafe/);
    assert.doesNotMatch(await answer.text(), /<script(?![^>]*src=)|<style| style=| on[a-z]+=/);
  },

  /** Readable by day and night, from the smallest phone to a wide screen, and nothing jumps while things come in. */
  async looks() {
    await withAda();
    await page.evaluate(() => {
      globalThis.shifts = [];
      const note = (entry) => globalThis.shifts.push({ value: entry.value, of: entry.sources.map(({ node }) => node?.outerHTML?.slice(0, 120) ?? String(node?.nodeValue)) });
      // What comes in moves what is in its own list; that is what lists are for.
      const isInList = ({ sources }) => sources.every(({ node }) => node?.parentElement?.closest(".exchanges, .messages") || node?.matches?.(".exchanges, .messages"));
      new PerformanceObserver((list) => list.getEntries().filter((entry) => !isInList(entry)).forEach(note)).observe({ type: "layout-shift", buffered: true });
    });
    await act(ADA, "write", { text: "how do I look?" });
    await send(ADA, { text: "well" });
    await send(ADA, { attachment: { type: "image", payload: { url: `${base}/assets/sample.png` } } });
    await said("well").waitFor();
    await page.waitForFunction(() => document.querySelector(".messages img")?.complete);
    const shifts = await page.evaluate(() => globalThis.shifts);
    const shifted = shifts.reduce((sum, { value }) => sum + value, 0);
    assert.ok(shifted < 0.05, `the layout stays where it is: ${JSON.stringify(shifts)}`);

    const grounds = [];
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      const faint = await page.evaluate(() => {
        const numbers = (color) => color.match(/[\d.]+/g).map(Number);
        const light = ([r, g, b]) => [r, g, b].map((one) => one / 255).map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
          .reduce((sum, one, n) => sum + one * [0.2126, 0.7152, 0.0722][n], 0);
        const ground = (element) => {
          for (let at = element; at; at = at.parentElement) {
            const color = numbers(getComputedStyle(at).backgroundColor);
            if (color.length < 4 || color[3] > 0) return color;
          }
          return [255, 255, 255];
        };
        const texts = [...document.querySelectorAll("body *")].filter((one) => one.offsetParent && !one.disabled && [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
        return texts.filter((one) => {
          const [a, b] = [light(numbers(getComputedStyle(one).color)), light(ground(one))].sort((x, y) => y - x);
          return (a + 0.05) / (b + 0.05) < 4.5;
        }).map((one) => `${one.tagName} ${one.textContent}`);
      });
      assert.deepEqual(faint, [], `every text has a contrast of 4.5 in ${colorScheme}`);
      grounds.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
    }
    assert.notEqual(grounds[0], grounds[1]);
    for (const width of [360, 768, 1200, 1440, 1920]) {
      await page.setViewportSize({ width, height: 800 });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= width, `${wide} pixels wide on a screen of ${width}`);
      await box.scrollIntoViewIfNeeded();
      assert.ok((await box.boundingBox()).width >= 100, `room to write on ${width} pixels`);
    }
  },

  /** Everything that a message can hold, and everything that can be done with it. */
  async messages() {
    await withAda();
    const call_to_actions = [{ type: "postback", title: "Talk to a person", payload: "HUMAN" }];
    await graph("me/messenger_profile", {
      get_started: { payload: "BEGIN" },
      greeting: [{ locale: "default", text: "Books by the sea." }],
      ice_breakers: [{ call_to_actions: [{ question: "When are you open?", payload: "OPEN" }], locale: "default" }],
      persistent_menu: [{ locale: "default", call_to_actions }],
    });
    await page.getByText("Books by the sea.").waitFor();
    await page.getByRole("button", { name: "When are you open?" }).waitFor();
    await page.getByRole("button", { name: "Get Started" }).click();
    await log.getByText(/You tapped “Get Started”/).waitFor();
    await page.getByRole("button", { name: "Menu" }).click();
    await page.getByRole("button", { name: "Talk to a person" }).click();
    await log.getByText(/You tapped “Talk to a person”/).waitFor();

    await page.getByRole("button", { name: "Attach" }).click();
    await page.getByRole("button", { name: "Send it" }).click();
    await log.getByRole("img", { name: "Image" }).waitFor();

    const image_url = `${base}/assets/sample.png`;
    const persona = await graph("me/personas", { name: "Mina", profile_picture_url: image_url });
    await send(ADA, { text: "I am Mina" }, { persona_id: persona.id });
    await log.getByRole("img", { name: "Mina" }).waitFor();
    const template = (payload) => send(ADA, { attachment: { type: "template", payload } });
    const buttons = [{ type: "postback", title: "Put aside", payload: "A" }, { type: "web_url", title: "See it", url: "https://shop.example/" }];
    await template({ template_type: "generic", elements: [{ title: "The Waves", image_url, buttons }, { title: "Orlando", subtitle: "1928" }] });
    await template({ template_type: "button", text: "Anything else?", buttons: [{ type: "postback", title: "No", payload: "N" }] });
    await template({ template_type: "receipt", recipient_name: "Ada", order_number: "1042", currency: "EUR", payment_method: "Visa", elements: [{ title: "The Waves", price: 12.5 }], summary: { total_cost: 12.5 } });
    await template({ template_type: "coupon", title: "10 % off", coupon_code: "WAVES10" });
    await template({ template_type: "product", elements: [{ id: "77" }] });
    const media = await graph("me/message_attachments", { message: { attachment: { type: "image", payload: { url: image_url, is_reusable: true } } } });
    await template({ template_type: "media", elements: [{ media_type: "image", attachment_id: media.attachment_id, buttons: [buttons[0]] }] });
    await template({ template_type: "one_time_notif_req", title: "Orlando is back", payload: "ORLANDO" });
    for (const text of ["Orlando", "€12.50", "WAVES10", "Product 77", "Anything else?"]) await log.getByText(text).first().waitFor();
    await log.getByRole("link", { name: "See it" }).waitFor();

    await log.getByRole("button", { name: "Put aside" }).last().click();
    await log.getByText(/You tapped “Put aside”/).waitFor();
    await log.getByRole("button", { name: "Notify me" }).click();
    await log.getByText("Accepted", { exact: true }).waitFor();

    await post(`pages/${PAGE}/settings`, { region: "EU" });
    await template({ template_type: "notification_messages", title: "News of the shop", payload: "NEWS" });
    await log.getByRole("button", { name: "Get messages" }).click();
    await log.getByRole("button", { name: "Stop", exact: true }).click();
    await log.getByText("Stopped").waitFor();

    await write("with a tpyo");
    await page.getByRole("button", { name: "Actions on “with a tpyo”" }).click();
    await log.getByRole("button", { name: "Edit" }).click();
    await box.fill("without a typo");
    await page.getByRole("button", { name: "Save" }).click();
    await said("without a typo").waitFor();
    await log.getByText(/· edited/).waitFor();
    const [own] = (await read(`people/${ADA}/thread?page=${PAGE}`)).rows.slice(-1);
    await graph("me/messages", { recipient: { id: ADA }, sender_action: "react", payload: { message_id: own.mid, reaction: "love" } });
    await log.getByLabel(/^Reactions: ❤/).waitFor();
    await graph("me/messages", { recipient: { id: ADA }, sender_action: "mark_seen" });
    await log.getByText(/· Seen/).waitFor();
    await graph("me/messages", { recipient: { id: ADA }, sender_action: "typing_on" });
    await page.getByText("Harbour Books types…").waitFor();
    await page.getByRole("button", { name: "Actions on “without a typo”" }).click();
    await log.getByRole("button", { name: "Take back" }).click();
    await log.getByText(/Message taken back/).waitFor();

    await page.getByLabel("Deed").selectOption("block");
    await page.getByRole("button", { name: "Do it" }).click();
    await page.getByText("Ada Abe has blocked the Page").waitFor();
    assert.ok(await box.isDisabled());
  },
};

try {
  await cases[play]();
  assert.deepEqual(complaints, [], "the browser complains of nothing");
} catch (error) {
  console.error(complaints.join("\n"));
  throw error;
} finally {
  await browser.close();
}
