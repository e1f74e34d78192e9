// What goes over the wire, newest first. A line opens to the JSON that was sent and answered.

import { post } from "./api.js";
import { byId, make, show } from "./dom.js";

const MOST_SHOWN = 100;

let rows = [];
let who = null;
const delivered = new Set();

/** The place from which on to ask. */
export const after = () => rows[0]?.seq ?? 0;

/** Ids of the messages that a bot has taken. */
export const taken = () => delivered;

export function start(todo) {
  byId("only-person").addEventListener("change", draw);
  byId("only-kind").addEventListener("change", draw);
  byId("clear-traffic").addEventListener("click", () => {
    todo(post("recorder/clear")).then(forget, () => {});
  });
}

/** Another simulator has another traffic. */
export function forget() {
  rows = [];
  draw();
}

export function add(fresh, chosen) {
  who = chosen;
  for (const row of fresh) if (row.kind === "webhook" && row.http_status === 200) for (const mid of row.mids) delivered.add(mid);
  rows = [...fresh, ...rows].slice(0, 500);
  draw();
}

function outcome(row) {
  if (row.kind === "webhook") {
    if (row.attempt === null) return ["nobody subscribed", "idle"];
    return row.http_status === null ? ["no answer", "bad"] : [`${row.http_status}`, row.http_status === 200 ? "good" : "bad"];
  }
  if (row.http_status === null) return ["answer withheld", "bad"];
  const code = row.code === null ? "" : ` · ${row.code}${row.subcode === null ? "" : `/${row.subcode}`}`;
  return [`${row.http_status}${code}`, row.http_status < 400 ? "good" : "bad"];
}

const pretty = (title, value) => value !== null && value !== undefined && [make("h3", {}, title), make("pre", { tabIndex: 0, "aria-label": title }, JSON.stringify(value, null, 2))];

function build(row) {
  const [says, kind] = outcome(row);
  const isCall = row.kind === "call";
  const details = make("details", {},
    make("summary", {},
      make("span", { class: "way" }, isCall ? "call" : "webhook"),
      make("span", { class: "what" }, row.title),
      make("span", { class: `outcome ${kind}` }, says),
      make("time", {}, new Date(row.at_ms).toISOString().slice(11, 19))));
  // Bodies are many and long: they are made when somebody looks.
  details.addEventListener("toggle", () => {
    if (!details.open || details.childElementCount > 1) return;
    const facts = [`Page ${row.page ?? "none"}`, row.psid && `person ${row.psid}`, row.app && `app ${row.app}`, row.attempt > 1 && `attempt ${row.attempt}`, row.fault && `fault ${row.fault.replaceAll("_", " ")}`];
    details.append(make("div", { class: "bodies" },
      make("p", { class: "quiet" }, facts.filter(Boolean).join(" · ")),
      pretty(isCall ? "Asked" : "Body", row.sent) || make("p", { class: "quiet" }, "The body could not be shown."),
      row.files.length > 0 && pretty("Files", row.files),
      isCall && pretty("Answered", row.answered)));
  });
  return make("li", {}, details);
}

function draw() {
  const kind = byId("only-kind").value;
  const own = byId("only-person").checked && who;
  const fits = (row) => (!kind || row.kind === kind) && (!own || (row.page === who.page && row.psid === who.psid));
  const shown = rows.filter(fits).slice(0, MOST_SHOWN);
  byId("no-traffic").hidden = shown.length > 0;
  show(byId("exchanges"), shown, { key: (row) => row.seq, sign: () => "", build });
}
