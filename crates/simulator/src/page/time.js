// The clock that can be moved, and how long the Page may still write.

import { post } from "./api.js";
import { byId } from "./dom.js";

let clock = null;
let window_ = null;
/** How far the simulator is ahead of this machine while it runs, in ms. */
let ahead = 0;
let ticked = () => {};

const units = [["d", 86_400_000], ["h", 3_600_000], ["min", 60_000], ["s", 1_000]];

/** The two largest units: `6 d 23 h`, `36 h 5 min`, `59 min 12 s`. Days begin at two. */
function span(ms) {
  let left = Math.ceil(ms / 1000) * 1000;
  const parts = units.slice(left < 2 * units[0][1] ? 1 : 0).map(([unit, size]) => {
    const n = Math.floor(left / size);
    left -= n * size;
    return [n, unit];
  });
  const first = parts.findIndex(([n]) => n > 0);
  return first < 0 ? "0 s" : parts.slice(first, first + 2).map(([n, unit]) => `${n} ${unit}`).join(" ");
}

const moment = (ms) => new Date(ms).toISOString().replace("T", " ").slice(0, 19) + " UTC";

export const now = () => (clock === null ? 0 : clock.stopped ? clock.now_ms : Date.now() + ahead);

function move(todo, by) {
  const said = todo(post("clock/advance", { by })).then((reading) => {
    byId("moved").textContent = `The clock moved by ${by}. It is ${moment(reading.now_ms)}.`;
  });
  said.catch(() => {});
}

/** `todo(promise)` shows what goes wrong; `tick` is called whenever time shows. */
export function start(todo, tick) {
  ticked = tick;
  for (const button of document.querySelectorAll("[data-by]")) button.addEventListener("click", () => move(todo, button.dataset.by));
  byId("advance").addEventListener("submit", (event) => {
    event.preventDefault();
    move(todo, event.target.elements.by.value);
  });
  byId("run-stop").addEventListener("click", () => todo(post(clock?.stopped ? "clock/run" : "clock/stop")).catch(() => {}));
  // Only the figures that run are drawn by time; whatever happens is told by the simulator.
  setInterval(() => clock && !clock.stopped && show(), 1000);
}

const text = (id, says) => {
  const place = byId(id);
  if (place.textContent !== says) place.textContent = says;
};

function show() {
  const at = now();
  text("now", moment(at));
  text("clock-state", `${clock.stopped ? "Standing still" : "Running"}${clock.coming > 0 ? `; ${clock.coming} to come` : ""}`);
  text("run-stop", clock.stopped ? "Run" : "Stop");
  const until = window_?.standard_until_ms ?? null;
  const left = until === null ? 0 : until - at;
  const state = byId("window-state");
  state.className = `big ${until === null ? "" : left > 0 ? "open" : "closed"}`;
  text("window-state", until === null ? "Never opened" : left > 0 ? `Open, ${span(left)} left` : `Closed for ${span(-left)}`);
  byId("window-left").max = window_?.standard_ms ?? 1;
  byId("window-left").value = Math.max(0, Math.min(left, window_?.standard_ms ?? 1));
  const human = window_?.human_agent_until_ms ?? null;
  text("agent-state", human === null ? "Human agents: not yet" : human > at ? `Human agents: ${span(human - at)} left` : `Human agents: closed for ${span(at - human)}`);
  ticked(at);
}

export function draw(reading, standing) {
  clock = reading;
  ahead = reading.now_ms - Date.now();
  window_ = standing;
  show();
}
