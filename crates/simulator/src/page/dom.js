// Building the page from nodes and text. Nothing here or elsewhere parses HTML, so nobody's text can become any.

export const byId = (id) => document.getElementById(id);

/** An element with properties, `on…` listeners, `data` and `aria`, and children: nodes, texts, or nothing. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "class") element.className = value;
    else if (key === "data") Object.assign(element.dataset, value);
    else if (key in element && key !== "role") element[key] = value;
    else element.setAttribute(key, value);
  }
  element.append(...children.flat(9).filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

/** Lets `list` show `rows` in order: a row whose `key` and `sign` stay keeps its element, and so focus and what is open. */
export function show(list, rows, { key, sign, build }) {
  const old = new Map([...list.children].map((child) => [child.dataset.key, child]));
  let place = list.firstElementChild;
  for (const row of rows) {
    const id = String(key(row));
    const signature = sign(row);
    let element = old.get(id);
    old.delete(id);
    if (!element || element.sign !== signature) {
      const fresh = build(row);
      fresh.dataset.key = id;
      fresh.sign = signature;
      if (element) {
        if (place === element) place = fresh;
        const had = element.contains(document.activeElement);
        element.replaceWith(fresh);
        if (had) (fresh.querySelector("button, a, summary") ?? fresh).focus();
      }
      element = fresh;
    }
    if (element === place) place = place.nextElementSibling;
    else list.insertBefore(element, place);
  }
  for (const gone of old.values()) gone.remove();
}

/** Options of a select, keeping what is chosen if it is still there. */
export function options(select, rows) {
  const sign = JSON.stringify(rows);
  if (select.sign === sign) return;
  const chosen = select.value;
  select.sign = sign;
  select.replaceChildren(...rows.map(([value, text]) => make("option", { value }, text)));
  if (rows.some(([value]) => value === chosen)) select.value = chosen;
}

/** Only addresses that a browser may fetch or open; a bot's `javascript:` is none. */
export function address(text) {
  try {
    const url = new URL(text);
    return ["http:", "https:"].includes(url.protocol) ? url.href : undefined;
  } catch {
    return undefined;
  }
}

/** A button that shows and hides what it controls. Escape in there closes it and comes back. */
export function toggles(button, target, opened = () => {}) {
  const set = (open) => {
    target.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    if (open) opened();
  };
  button.addEventListener("click", () => set(target.hidden));
  target.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    set(false);
    button.focus();
  });
  return set;
}
