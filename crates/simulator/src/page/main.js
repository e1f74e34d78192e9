// The page's one loop: it waits until anything changes at the simulator, reads what is shown, and draws it.

import { post, read } from "./api.js";
import * as chat from "./chat.js";
import * as deeds from "./deeds.js";
import { byId, options, toggles } from "./dom.js";
import * as time from "./time.js";
import * as traffic from "./traffic.js";

const WAIT_MS = 25_000;
const PAUSE_MS = 1_000;
const MOST_MESSAGES = 300;
const MOST_PEOPLE = 500;

const chosen = { page: "", psid: "" };
let seen;
let n_messages = 0;
let turn = 0;
let latest = Promise.resolve();

const trouble = (says) => {
  byId("trouble").textContent = says;
};

/** Carries a command out, shows the refusal if there is one, and what it changed. */
async function todo(promise) {
  try {
    const done = await promise;
    trouble("");
    await refresh();
    return done;
  } catch (error) {
    trouble(error.message);
    throw error;
  }
}

const pageName = ({ id, settings: { name } }) => (!name ? id : name.includes(id) ? name : `${name} (${id})`);

function remember() {
  const values = new URLSearchParams();
  if (chosen.page) values.set("page", chosen.page);
  if (chosen.psid) values.set("psid", chosen.psid);
  history.replaceState(null, "", `#${values}`);
}

/** Reads everything that is shown, and draws it. Of several at once the last one draws, and all end with it. */
function refresh() {
  latest = draw(++turn);
  return latest;
}

async function draw(mine) {
  const pages = await read("pages");
  if (!pages.some((page) => page.id === chosen.page)) chosen.page = pages[0]?.id ?? "";
  const people = chosen.page ? await read("people", { page: chosen.page, limit: MOST_PEOPLE }) : [];
  let person = people.find((one) => one.psid === chosen.psid);
  if (!person && !(chosen.psid && people.length === MOST_PEOPLE)) {
    person = people[0];
    chosen.psid = person?.psid ?? "";
  }
  const { page, psid } = chosen;
  const from = Math.max(0, (person?.messages ?? n_messages) - MOST_MESSAGES);
  const [clock, faults, exchanges, thread] = await Promise.all([
    read("clock"),
    read("faults"),
    read("traffic", { after: traffic.after() }),
    psid ? read(`people/${encodeURIComponent(psid)}/thread`, { page, after: from }) : null,
  ]);
  if (mine !== turn) return latest;
  const who = psid ? { page, psid, name: person?.name } : null;
  n_messages = thread?.messages ?? 0;
  options(byId("page"), pages.length > 0 ? pages.map((one) => [one.id, pageName(one)]) : [["", "none yet"]]);
  options(byId("person"), people.length > 0 ? people.map((one) => [one.psid, one.name ? `${one.name} (${one.psid})` : one.psid]) : [["", "none yet"]]);
  byId("page").value = page;
  byId("person").value = psid;
  remember();
  traffic.add(exchanges, who);
  chat.draw(thread, who, traffic.taken());
  time.draw(clock, thread?.window);
  deeds.draw(faults, who);
  return undefined;
}

async function follow() {
  deeds.offer(await read("faults/kinds"));
  for (;;) {
    try {
      const { change } = await read("changes", { after: seen, wait_ms: seen === undefined ? 0 : WAIT_MS });
      if (change === seen) continue;
      // Counting from the start again is another simulator at the same address.
      if (seen !== undefined && change < seen) traffic.forget();
      const wasLost = byId("trouble").dataset.lost;
      if (wasLost) traffic.forget();
      seen = change;
      await refresh();
      if (wasLost) {
        delete byId("trouble").dataset.lost;
        trouble("");
      }
    } catch {
      byId("trouble").dataset.lost = "yes";
      trouble("The simulator does not answer. Trying again…");
      seen = undefined;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

function choose(page, psid) {
  chosen.page = page;
  chosen.psid = psid;
  return refresh();
}

function forms() {
  const set = toggles(byId("new-person"), byId("add"), () => (chosen.page ? byId("add-person").elements.name : byId("add-page").elements.id).focus());
  const submit = (id, send) => byId(id).addEventListener("submit", (event) => {
    event.preventDefault();
    const form = event.target;
    const values = Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ""));
    send(values).then(() => {
      form.reset();
      set(false);
      byId("message").focus();
    }, (error) => trouble(error.message));
  });
  submit("add-person", async ({ name, psid, reads }) => {
    const added = await post("people", { page: chosen.page, name, psid, reads: reads === "on" });
    await choose(chosen.page, added.psid);
  });
  submit("add-page", async (values) => {
    await post("pages", values);
    await choose(values.id, "");
  });
  submit("add-webhook", (values) => post("subscribe", values));
  byId("page").addEventListener("change", () => choose(byId("page").value, "").catch((error) => trouble(error.message)));
  byId("person").addEventListener("change", () => choose(chosen.page, byId("person").value).catch((error) => trouble(error.message)));
  byId("choose").addEventListener("submit", (event) => event.preventDefault());
}

const wanted = new URLSearchParams(location.hash.slice(1));
chosen.page = wanted.get("page") ?? "";
chosen.psid = wanted.get("psid") ?? "";
forms();
chat.start(todo);
deeds.start(todo);
time.start(todo, chat.typing);
traffic.start(todo);
follow();
