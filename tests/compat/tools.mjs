// What every script of this folder shares: packages from where the Makefile puts them, checks, and waiting for a condition.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

export { assert };

/** Loads a package that `make tools` has installed. */
export const load = createRequire(`${process.env.NUNCIO_TOOLS}/node/`);

/** Where the simulator is, and which of its cases a script plays. */
export const [base, play] = process.argv.slice(2);

export const PAGE = "1001";
export const TOKEN = "compat-page-token";
export const SECRET = "compat-app-secret";

async function answer(path, options) {
  const response = await fetch(base + path, options);
  const body = await response.json();
  if (!response.ok && path.startsWith("/admin")) throw new Error(`${path}: ${JSON.stringify(body)}`);
  return body;
}

export const read = (path) => answer(`/admin/${path}`);
export const post = (path, body = {}) => answer(`/admin/${path}`, { method: "POST", body: JSON.stringify(body) });
export const act = (psid, deed, members = {}) => post(`people/${psid}/${deed}`, { page: PAGE, ...members });
export const thread = async (psid) => (await read(`people/${psid}/thread?page=${PAGE}`)).rows;

/** One call of the Graph API with the Page's token. */
export const graph = (path, body) =>
  answer(`/v25.0/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify(body),
  });

/** Sends as the Page; what is refused fails the script. */
export async function send(psid, message, more = {}) {
  const sent = await graph("me/messages", { recipient: { id: psid }, messaging_type: "RESPONSE", message, ...more });
  assert.ok(sent.message_id, JSON.stringify(sent));
  return sent.message_id;
}
