// What a person can do beside writing, and what can be made to go wrong.

import { act, post, remove } from "./api.js";
import { byId, make, options, show } from "./dom.js";

/** Each deed with its title and fields; a star marks what it needs. */
const DEEDS = [
  ["get_started", "Tap Get Started", ["ref"]],
  ["open_link", "Open an m.me link", ["ref*"]],
  ["click_ad", "Click an ad", ["ad_id*", "ref", "ad_title", "text"]],
  ["comment", "Comment on a post", ["text*", "post_id"]],
  ["post", "Post to the Page", ["text*"]],
  ["opt_in", "Tap Send to Messenger", ["ref*"]],
  ["checkbox", "Tick a checkbox on a site", ["user_ref*", "ref"]],
  ["link_account", "Link an account", ["authorization_code*"]],
  ["unlink_account", "Unlink the account", []],
  ["stop_notifications", "Stop notifications", ["title"]],
  ["resume_notifications", "Resume notifications", ["title"]],
  ["block", "Block the Page", []],
  ["unblock", "Unblock the Page", []],
  ["report", "Report the Page", []],
];
const TITLES = { ref: "ref", ad_id: "Ad id", ad_title: "Ad's title", text: "Text", post_id: "Post id", user_ref: "user_ref", authorization_code: "Code", title: "Title" };

let who = null;
let kinds = [];

/** `todo(promise)` shows what goes wrong. */
export function start(todo) {
  const form = byId("deeds");
  const choice = make("select", { name: "deed" });
  const fields = make("div", { class: "row" });
  form.append(make("label", {}, "Deed ", choice), fields, make("button", {}, "Do it"));
  options(choice, DEEDS.map(([name, title]) => [name, title]));
  const lay = () => {
    const [, , names] = DEEDS.find(([name]) => name === choice.value);
    fields.replaceChildren(...names.map((name) => {
      const key = name.replace("*", "");
      return make("label", {}, `${TITLES[key]} `, make("input", { name: key, required: name.endsWith("*"), autocomplete: "off" }));
    }));
  };
  choice.addEventListener("change", lay);
  lay();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!who) return;
    const given = [...new FormData(form)].filter(([key, value]) => key !== "deed" && value !== "");
    const title = DEEDS.find(([name]) => name === choice.value)[1];
    todo(act(who, choice.value, Object.fromEntries(given))).then((happened) => {
      byId("did").textContent = `Done: ${title}${happened?.id ? `, ${happened.id}` : ""}`;
    }, () => {});
  });
  startFaults(todo);
}

function startFaults(todo) {
  const form = byId("faults");
  const { kind, count, rate, delay_ms, own } = form.elements;
  const says = () => {
    const one = kinds.find((row) => row.kind === kind.value);
    byId("fault-says").textContent = one ? `${one.webhooks ? "A webhook" : "The message is"} ${one.says}.` : " ";
  };
  kind.addEventListener("change", says);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const number = (input) => (input.value === "" ? undefined : Number(input.value));
    const whose = own.checked && who ? { page: who.page, psid: who.psid } : {};
    todo(post("faults", { kind: kind.value, count: number(count), rate: number(rate), delay_ms: number(delay_ms), ...whose })).catch(() => {});
  });
  byId("clear-faults").addEventListener("click", () => todo(remove("faults")).catch(() => {}));
  form.says = says;
}

/** The kinds of faults, which never change. */
export function offer(rows) {
  kinds = rows;
  const of = (webhooks, label) => make("optgroup", { label }, rows.filter((row) => row.webhooks === webhooks).map((row) => make("option", { value: row.kind }, row.kind.replaceAll("_", " "))));
  byId("faults").elements.kind.replaceChildren(of(false, "Messages of the Page"), of(true, "Webhooks"));
  byId("faults").says();
}

export function draw(armed, chosen) {
  who = chosen;
  const text = (fault) => {
    const often = fault.count === undefined ? "until cleared" : `${fault.count} more`;
    const share = fault.rate === undefined ? "" : `, ${fault.rate * 100} %`;
    return `${fault.kind.replaceAll("_", " ")}: ${often}${share}${fault.psid ? `, person ${fault.psid}` : ""}`;
  };
  const rows = armed.map((fault, n) => ({ n, text: text(fault) }));
  show(byId("armed"), rows, { key: (row) => row.n, sign: (row) => row.text, build: (row) => make("li", {}, row.text) });
}
