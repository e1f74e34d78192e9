// What stands in a message beside text: pictures, sounds, files, templates, buttons. The data is a bot's: all of it is text.

import { address, make } from "./dom.js";

const money = (amount, currency) => {
  try {
    return new Intl.NumberFormat("en", { style: "currency", currency }).format(Number(amount));
  } catch {
    return `${amount} ${currency ?? ""}`.trim();
  }
};

const missing = (what, where) => make("p", { class: "missing" }, where ? `${what}: ${where}` : what);

/** A picture in a box whose size never changes, or what it is if it cannot be had. */
export function picture(url, alt, kind = "picture") {
  const from = address(url);
  const box = make("div", { class: kind });
  if (!from) {
    box.append(missing(alt, url));
    return box;
  }
  const image = make("img", { src: from, alt, loading: "lazy", referrerPolicy: "no-referrer" });
  image.addEventListener("error", () => image.replaceWith(missing(`${alt}, not to be had`, from)), { once: true });
  box.append(image);
  return box;
}

/** An attachment that is no template; `file` is where the one behind an id is. */
function media(kind, payload, file) {
  const url = payload?.url || file;
  const from = address(url);
  const named = payload?.attachment_id ? `saved attachment ${payload.attachment_id}` : url;
  if (kind === "image" || kind === "sticker") return from ? picture(from, kind === "image" ? "Image" : "Sticker") : missing("Image", named);
  if (kind === "audio" && from) return make("audio", { controls: true, src: from, preload: "none" });
  if (kind === "video" && from) return make("video", { controls: true, src: from, preload: "none", class: "picture" });
  if (kind === "location") {
    const at = payload?.coordinates ?? {};
    return missing("Location", `${at.lat ?? "?"}, ${at.long ?? "?"}`);
  }
  const what = kind === "file" ? "File" : kind === "fallback" ? "Link" : `${kind ?? "Attachment"}`;
  return from ? make("p", { class: "file" }, `${what}: `, link(from, payload?.title ?? from)) : missing(what, named);
}

const link = (url, text) => make("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, text);

/** Buttons of a card. `taps` counts the postback buttons of a message, since a tap names its place. */
function buttons(list, taps) {
  const one = (button) => {
    const title = String(button.title ?? button.type ?? "");
    switch (button.type) {
      case "postback":
        return make("li", {}, taps.button(title));
      case "web_url": {
        const url = address(button.url);
        return make("li", {}, url ? link(url, title) : make("span", {}, title));
      }
      case "phone_number":
        return make("li", {}, make("a", { href: `tel:${encodeURIComponent(button.payload ?? "")}` }, title));
      case "account_link":
        return make("li", {}, taps.deed("Log in", "link_account", { authorization_code: "a-code" }));
      case "account_unlink":
        return make("li", {}, taps.deed("Log out", "unlink_account"));
      default:
        return make("li", {}, make("span", {}, title));
    }
  };
  return list?.length ? make("ul", { class: "buttons" }, list.map(one)) : undefined;
}

const heading = (text, small) => [text && make("h3", {}, String(text)), small && make("p", { class: "quiet" }, String(small))];

const card = (...children) => make("article", { class: "card" }, ...children);

function element(item, taps) {
  const url = address(item.default_action?.url);
  return card(
    item.image_url && picture(item.image_url, "Picture of the card"),
    item.title && make("h3", {}, url ? link(url, String(item.title)) : String(item.title)),
    item.subtitle && make("p", { class: "quiet" }, String(item.subtitle)),
    buttons(item.buttons, taps),
  );
}

function receipt(payload) {
  const { currency, summary = {}, elements = [], adjustments = [] } = payload;
  const line = (name, amount, kind) => amount !== undefined && make("tr", { class: kind }, make("th", { scope: "row" }, name), make("td", {}, money(amount, currency)));
  const bought = (item) => line(`${item.quantity ? `${item.quantity} × ` : ""}${item.title}`, item.price);
  return card(
    heading("Receipt", `Order ${payload.order_number}, ${payload.recipient_name}`),
    make("table", {}, make("tbody", {},
      elements.map(bought),
      line("Subtotal", summary.subtotal), line("Shipping", summary.shipping_cost), line("Tax", summary.total_tax),
      adjustments.map((one) => line(String(one.name ?? "Adjustment"), -Number(one.amount ?? 0))),
      line("Total", summary.total_cost, "total"),
    )),
    make("p", { class: "quiet" }, `Paid with ${payload.payment_method}`),
  );
}

function feedback(payload, taps) {
  const question = payload.feedback_screens?.[0]?.questions?.[0] ?? {};
  const rate = (n) => taps.deed(String(n), "raw", {
    field: "messaging_feedback",
    event: { messaging_feedback: { feedback_screens: [{ screen_id: 0, questions: { [question.id]: { type: question.type, payload: String(n) } } }] } },
  }, `Rate ${n}`);
  return card(heading(payload.title, payload.subtitle), make("p", {}, question.title ?? "How was it?"),
    make("div", { class: "row" }, [1, 2, 3, 4, 5].map(rate)));
}

function template(payload, files, taps) {
  switch (payload.template_type) {
    case "generic":
      return make("div", { class: "carousel" }, (payload.elements ?? []).map((item) => element(item, taps)));
    case "button":
      return card(make("p", { class: "text" }, String(payload.text ?? "")), buttons(payload.buttons, taps));
    case "media":
      return card((payload.elements ?? []).map((item) => [media(item.media_type, item, files.shift()), buttons(item.buttons, taps)]));
    case "receipt":
      return receipt(payload);
    case "product":
      return make("div", { class: "carousel" }, (payload.elements ?? []).map((item) => card(heading(`Product ${item.id}`, "from the Page's catalogue"))));
    case "coupon":
      return card(payload.image_url && picture(payload.image_url, "Picture of the coupon"), heading(payload.title, payload.subtitle),
        payload.coupon_code && make("p", {}, "Code: ", make("code", {}, String(payload.coupon_code))),
        address(payload.coupon_url) && make("p", {}, link(address(payload.coupon_url), payload.coupon_url_button_title ?? "Shop now")));
    case "image_grid": {
      const [item = {}] = payload.elements ?? [];
      return card(make("div", { class: "grid" }, (item.images ?? []).map((image) => picture(image.url ?? image.image_url ?? files.shift(), "Image of the grid", "tile"))),
        heading(item.title, item.subtitle), buttons(item.buttons, taps));
    }
    case "one_time_notif_req":
      return card(heading(payload.title, "May the Page tell you once?"), taps.deed("Notify me", "accept", { title: payload.title }), taps.state(payload.title, false));
    case "notification_messages": {
      const title = payload.title ?? "Updates and promotions";
      return card(payload.image_url && picture(payload.image_url, "Picture of the request"), heading(title, "May the Page send you more of this?"),
        taps.deed("Get messages", "accept", { title }), taps.state(title, true));
    }
    case "customer_feedback":
      return feedback(payload, taps);
    default:
      return card(heading(payload.title ?? payload.template_type, payload.subtitle), buttons(payload.buttons, taps));
  }
}

function utility(sent) {
  const parameters = (sent.components ?? []).flatMap((part) => part.parameters ?? []).map((one) => one.text ?? one.type);
  return card(heading(`Utility message “${sent.name}”`, sent.language?.code ?? sent.language), parameters.length > 0 && make("p", {}, parameters.join(" · ")));
}

/** Everything of a message but its text. */
export function attachments(row, taps) {
  const message = row.message ?? {};
  const files = [...row.files];
  const all = [message.attachment, ...(message.attachments ?? [])].filter(Boolean);
  const one = ({ type, payload }) => {
    if (type === "template" && payload) return template(payload, files, taps);
    return media(type, payload, payload?.attachment_id ? files.shift() : undefined);
  };
  const sticker = message.sticker_id && make("p", { class: "sticker", "aria-label": "Sticker" }, Number(message.sticker_id) === 369239263222822 ? "👍" : `Sticker ${message.sticker_id}`);
  return [...all.map(one), sticker, message.template && utility(message.template)].filter(Boolean);
}
