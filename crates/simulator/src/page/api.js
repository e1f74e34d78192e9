// The admin API, as the page uses it. A refused command throws the sentence that the simulator answered.

const json = async (path, options) => {
  const answer = await fetch(path, options);
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error ?? `The simulator answered ${answer.status}.`);
  return body;
};

const query = (values) => {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return new URLSearchParams(given).toString();
};

export const read = (path, values = {}, signal = undefined) => json(`/admin/${path}?${query(values)}`, { signal });

export const post = (path, body = {}) =>
  json(`/admin/${path}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

export const remove = (path) => json(`/admin/${path}`, { method: "DELETE" });

/** One deed of a person towards a Page. */
export const act = (who, deed, members = {}) =>
  post(`people/${encodeURIComponent(who.psid)}/${deed}`, { page: who.page, ...members });
