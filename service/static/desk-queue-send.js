// Sends what was decided. Until the service has answered, it is kept in this browser, so that a reload loses nothing:
// a decision names the ruling that was seen, so the same one twice is one.

export class Refused extends Error {}
export class Stale extends Error {}

export const sender = ({ site, me }) => {
  const place = `sluice-unsent:${me}:${site}`;
  const chains = new Map();

  const unsent = () => {
    try {
      return JSON.parse(localStorage.getItem(place) || "{}");
    } catch {
      return {};
    }
  };
  const keep = (change) => {
    try {
      const all = unsent();
      change(all);
      if (Object.keys(all).length) localStorage.setItem(place, JSON.stringify(all));
      else localStorage.removeItem(place);
    } catch { /* Without storage a reload in the wrong moment loses what was not sent. */ }
  };

  // The answer; an Error when the service does not answer, Stale when it wants a new session or page first, Refused when
  // it will not.
  const post = async (url, fields, { keepalive = false } = {}) => {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "X-Desk": "act", "X-CSRFToken": window.sluice.csrfToken() },
      body: new URLSearchParams(fields),
      keepalive,
    });
    const isJson = (answer.headers.get("Content-Type") || "").startsWith("application/json");
    if (isJson) return { status: answer.status, ...(await answer.json()) };
    if (answer.redirected || answer.status === 400) throw new Stale(String(answer.status));
    if (answer.status >= 500) throw new Error(String(answer.status));
    throw new Refused(String(answer.status));
  };

  // Acts on one comment go one after the other; those on others do not wait for them.
  const inTurn = (id, work) => {
    const turn = (chains.get(id) || Promise.resolve()).catch(() => {}).then(work);
    chains.set(id, turn);
    turn.catch(() => {}).finally(() => { if (chains.get(id) === turn) chains.delete(id); });
    return turn;
  };

  const send = (id, url, fields) => {
    keep((all) => { all[id] = { url, fields }; });
    return inTurn(id, async () => {
      try {
        const answer = await post(url, fields, { keepalive: true });
        keep((all) => { delete all[id]; });
        return answer;
      } catch (error) {
        if (error instanceof Refused) keep((all) => { delete all[id]; });
        throw error;
      }
    });
  };

  const forget = (id) => keep((all) => { delete all[id]; });

  return { post, send, inTurn, unsent, forget, anyLeft: () => Object.keys(unsent()).length > 0 };
};
