// The conversation of one person with one Page, and the box in which the person writes.

import { act } from "./api.js";
import { attachments, picture } from "./cards.js";
import { byId, make, show, toggles } from "./dom.js";

const REACTIONS = [["love", "❤️"], ["smile", "😆"], ["wow", "😮"], ["sad", "😢"], ["angry", "😠"], ["like", "👍"], ["dislike", "👎"]];
const CLOSE_TO_END_PX = 60;

const messages = byId("messages");
const scroll = byId("scroll");
const box = byId("message");

let who = null;
let thread = null;
let perform = async () => {};
/** What the box is for: a new message, an answer to one, or an edit. */
let aim = { kind: "new" };

const time = (ms) => new Date(ms).toLocaleString("en-GB", { timeZone: "UTC", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const brief = (row) => (row?.text ?? (row ? "an attachment" : "a message")).slice(0, 60);

/** `todo(promise)` shows what goes wrong. */
export function start(todo) {
  perform = todo;
  byId("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  box.addEventListener("keydown", keys);
  byId("stop-quoting").addEventListener("click", () => aimAt({ kind: "new" }));
  byId("mark-read").addEventListener("click", () => deed("read"));
  const attach = byId("attach");
  const close = toggles(byId("attach-button"), attach, () => attach.elements.type.focus());
  attach.elements.type.addEventListener("change", sample);
  attach.addEventListener("submit", (event) => {
    event.preventDefault();
    const { type, url } = attach.elements;
    deed("write", attachment(type.value, url.value)).then(() => {
      close(false);
      box.focus();
    });
  });
  toggles(byId("menu-button"), byId("menu"), () => byId("menu").querySelector("button, a")?.focus());
  sample();
}

function sample() {
  const { type, url } = byId("attach").elements;
  const needs = !["sticker", "location"].includes(type.value);
  url.disabled = !needs;
  url.required = needs;
  url.value = needs ? (type.value === "image" ? `${location.origin}/assets/sample.png` : url.value) : "";
}

function attachment(type, url) {
  if (type === "sticker") return { sticker_id: 369239263222822 };
  if (type === "location") return { attachments: [{ type, payload: { coordinates: { lat: 52.52, long: 13.405 } } }] };
  if (type === "fallback") return { text: url, attachments: [{ type, payload: { url, title: url } }] };
  return { attachments: [{ type, payload: { url } }] };
}

const deed = (name, members) => (who ? perform(act(who, name, members)) : Promise.resolve());

function send() {
  const text = box.value.trim();
  if (!text || !who) return;
  const aimed = aim;
  const done = aimed.kind === "edit" ? deed("edit", { mid: aimed.mid, text }) : deed("write", { text, reply_to: aimed.mid });
  box.value = "";
  aimAt({ kind: "new" });
  done.catch(() => {
    // Nothing that was written is lost.
    if (!box.value) box.value = text;
  });
}

function keys(event) {
  if (event.isComposing) return;
  if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    send();
  } else if (event.key === "Escape" && aim.kind !== "new") {
    aimAt({ kind: "new" });
  } else if (event.key === "ArrowUp" && !box.value) {
    const own = thread?.rows.findLast((row) => !row.from_page && !row.tap && !row.deleted && row.text);
    if (own) {
      event.preventDefault();
      aimAt({ kind: "edit", mid: own.mid, text: own.text });
    }
  }
}

function aimAt(next) {
  if (aim.kind === "edit" && next.kind === "new") box.value = "";
  aim = next;
  byId("quoting").hidden = next.kind === "new";
  byId("quoting-text").textContent = next.kind === "edit" ? "Editing your message" : `Answering “${next.text ?? ""}”`;
  byId("send").textContent = next.kind === "edit" ? "Save" : "Send";
  if (next.kind === "edit") box.value = next.text;
  if (next.kind !== "new") box.focus();
}

/** Everything in a message that can be tapped. A tap names the place among those that answer with a payload. */
function tapsOf(row) {
  let place = (row.message?.quick_replies ?? []).length;
  return {
    button: (title) => {
      const button = place++;
      return make("button", { type: "button", onclick: () => deed("tap", { mid: row.mid, button }) }, title);
    },
    deed: (title, name, members, label) => make("button", { type: "button", "aria-label": label, onclick: () => deed(name, members) }, title),
    state: (title, recurring) => {
      const right = thread.notifications.findLast((one) => one.title === title && one.recurring === recurring);
      if (!right) return undefined;
      const says = right.used ? "Accepted, and used" : right.stopped ? "Stopped" : "Accepted";
      const turn = right.stopped ? ["Resume", "resume_notifications"] : ["Stop", "stop_notifications"];
      return make("p", { class: "row quiet" }, says, recurring && make("button", { type: "button", onclick: () => deed(turn[1], { title }) }, turn[0]));
    },
  };
}

function actions(row) {
  const list = make("div", { class: "actions", hidden: true, role: "group", "aria-label": "Actions" });
  const button = make("button", { type: "button", class: "more", "aria-expanded": "false", "aria-label": `Actions on “${brief(row)}”` }, "⋯");
  const react = ([name, emoji]) => make("button", {
    type: "button", "aria-label": `React: ${name}`, "aria-pressed": String(row.reaction === emoji),
    onclick: () => (row.reaction === emoji ? deed("unreact", { mid: row.mid }) : deed("react", { mid: row.mid, reaction: name })),
  }, emoji);
  const one = (title, onclick) => make("button", { type: "button", onclick }, title);
  list.append(...REACTIONS.map(react), one("Reply", () => aimAt({ kind: "reply", mid: row.mid, text: brief(row) })));
  if (!row.from_page && !row.tap) {
    if (row.text) list.append(one("Edit", () => aimAt({ kind: "edit", mid: row.mid, text: row.text })));
    list.append(one("Take back", () => deed("unsend", { mid: row.mid })));
  }
  toggles(button, list, () => list.querySelector("button").focus());
  return [button, list];
}

function build(row) {
  const side = row.from_page ? "theirs" : "own";
  const name = row.persona?.name ?? (row.from_page ? thread.welcome.page_name || "The Page" : "You");
  const notes = [time(row.at_ms), row.tag, row.private_reply && "private reply", row.edits > 0 && "edited"].filter(Boolean).join(" · ");
  if (row.deleted || row.tap) {
    const text = row.deleted ? "Message taken back" : `You tapped “${row.text ?? ""}”`;
    return make("li", { class: `${side} aside` }, make("p", { class: "note" }, `${text} · ${notes}`));
  }
  const quoted = row.reply_to && thread.rows.find((other) => other.mid === row.reply_to);
  const reactions = [row.reaction, row.page_reaction].filter(Boolean);
  const [more, list] = actions(row);
  return make("li", { class: side },
    make("div", { class: "from" },
      row.persona && picture(row.persona.profile_picture_url, row.persona.name, "face"),
      make("span", { class: row.persona ? "persona" : "visually-hidden" }, `${name}: `)),
    row.reply_to && make("p", { class: "quote" }, `Answer to “${brief(quoted)}”`),
    make("div", { class: "line" },
      make("div", { class: "body" },
        row.text && make("p", { class: "text bubble" }, row.text),
        attachments(row, tapsOf(row))),
      more),
    reactions.length > 0 && make("p", { class: "reactions", "aria-label": `Reactions: ${reactions.join(" ")}` }, reactions.join(" ")),
    list,
    make("p", { class: "note" }, notes, row.receipt && make("span", { class: "receipt" }, ` · ${row.receipt}`)));
}

/** Sent, delivered to a bot, or seen by the Page: under the newest message of the person, as in the app. */
function receipt(rows, seen_ms, delivered) {
  const last = rows.findLast((row) => !row.from_page && !row.deleted);
  return rows.map((row) => {
    if (row !== last) return row;
    const says = seen_ms !== null && seen_ms >= row.at_ms ? "Seen" : delivered.has(row.mid) ? "Delivered" : "Sent";
    return { ...row, receipt: says };
  });
}

function quickReplies() {
  const last = thread?.rows.at(-1);
  const replies = last?.from_page ? (last.message?.quick_replies ?? []) : [];
  const sign = JSON.stringify([last?.mid, replies]);
  const group = byId("quick");
  if (group.sign === sign) return;
  group.sign = sign;
  const kinds = { user_phone_number: "+15550100", user_email: "person@example.com" };
  const one = (reply, button) => {
    const value = kinds[reply.content_type];
    const title = value ?? String(reply.title ?? "");
    const tap = () => (value ? deed("write", { text: value, quick_reply: value }) : deed("tap", { mid: last.mid, button }));
    return make("button", { type: "button", onclick: () => tap().then(() => box.focus()) }, reply.image_url && picture(reply.image_url, "", "dot"), title);
  };
  group.replaceChildren(...replies.map(one));
}

function welcome() {
  const { begun, page_name, get_started, greeting, ice_breakers } = thread.welcome;
  const place = byId("welcome");
  place.hidden = begun;
  const sign = JSON.stringify(thread.welcome);
  if (begun || place.sign === sign) return;
  place.sign = sign;
  const local = (list, key) => (list?.find((one) => one.locale === "default") ?? list?.[0])?.[key];
  const questions = ice_breakers?.flatMap((one) => one.call_to_actions ?? [one]) ?? [];
  place.replaceChildren(
    make("p", { class: "big" }, page_name || `Page ${who.page}`),
    make("p", { class: "quiet" }, local(greeting, "text") ?? "Nothing has been said yet."),
    make("div", { class: "row" }, questions.map((one) => make("button", { type: "button", onclick: () => deed("postback", { title: one.question, payload: one.payload }) }, one.question))),
    get_started ? make("button", { type: "button", class: "main", onclick: () => deed("get_started").then(() => box.focus()) }, "Get Started") : "");
}

function menu() {
  const all = thread?.menu ?? [];
  const set = all.find((one) => one.locale === "default") ?? all[0];
  const items = set?.call_to_actions ?? [];
  byId("menu-button").hidden = items.length === 0;
  if (items.length === 0) byId("menu").hidden = true;
  box.disabled = !who || thread?.blocked || Boolean(set?.composer_input_disabled);
  const sign = JSON.stringify(items);
  const tray = byId("menu");
  if (tray.sign === sign) return;
  tray.sign = sign;
  const one = (item) => item.type === "web_url"
    ? make("a", { href: item.url, target: "_blank", rel: "noopener noreferrer" }, item.title)
    : make("button", { type: "button", onclick: () => deed("postback", { title: item.title, payload: item.payload }) }, item.title);
  tray.replaceChildren(...items.map(one));
}

/** Whether the Page types: it does until its moment, or until it writes. */
export function typing(now_ms) {
  const says = thread && now_ms < thread.typing_until_ms ? `${thread.welcome.page_name || "The Page"} types…` : "";
  const place = byId("typing");
  if (place.textContent !== says) place.textContent = says;
}

/** Shows the thread; without one, nobody is chosen. */
export function draw(next, chosen, delivered) {
  const isOther = chosen?.psid !== who?.psid || chosen?.page !== who?.page;
  who = chosen;
  thread = next;
  if (isOther) {
    aimAt({ kind: "new" });
    // A thread that is opened is not news to be read out.
    messages.setAttribute("aria-live", "off");
  }
  const wasAtEnd = isOther || scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < CLOSE_TO_END_PX;
  byId("thread-title").textContent = thread ? thread.welcome.page_name || `Page ${who.page}` : "Nobody yet";
  byId("page-face").textContent = (thread?.welcome.page_name || "P").slice(0, 1).toUpperCase();
  byId("thread-state").textContent = thread ? `${chosen.name ?? who.psid}${thread.blocked ? " has blocked the Page" : ""}` : "Make somebody with “New…”";
  for (const button of [byId("send"), byId("attach-button"), byId("mark-read")]) button.disabled = !thread;
  const rows = thread ? receipt(thread.rows, thread.seen_ms, delivered) : [];
  const sign = (row) => JSON.stringify([row, row.message?.attachment?.payload?.template_type?.startsWith("n") || row.message?.attachment?.payload?.template_type?.startsWith("o") ? thread.notifications : 0]);
  show(messages, rows, { key: (row) => row.mid, sign, build });
  if (thread) welcome();
  else byId("welcome").hidden = true;
  quickReplies();
  menu();
  if (wasAtEnd) scroll.scrollTop = scroll.scrollHeight;
  if (isOther) requestAnimationFrame(() => messages.setAttribute("aria-live", "polite"));
}
