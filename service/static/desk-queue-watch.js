// What others do meanwhile: leases, presence, loads, newcomers. The list never moves by itself.

const PULSE = 10_000;
const HEARTBEAT = 30_000;
const IDLE = 60_000; // whoever has moved nothing for so long looks at nothing
const DWELL = 500;
const SETTLED = 250;

export const watch = ({ root, urls, may, words, fill, wire, rows, touched, clash }) => {
  const pill = root.querySelector("[data-new]");
  const here = document.querySelector("[data-here]");
  let after = root.dataset.newest;
  let tag = "";
  let mine = null; // the comment whose lease is ours
  let dwell = 0;
  let beat = 0;
  let stirred = performance.now();

  // --- Leases ---------------------------------------------------------------------------------------------------------

  const letGo = () => {
    clearTimeout(dwell);
    clearInterval(beat);
    if (mine === null) return;
    const comment = mine;
    mine = null;
    if (rows.rowOf(comment)) wire.post(urls.release, { comment }, { keepalive: true }).catch(() => {});
  };
  const claim = async (comment) => {
    try {
      const answer = await wire.post(urls.claim, { comment });
      if (answer.ok) {
        mine = comment;
        if (rows.current?.dataset.id !== comment) letGo();
      } else if (answer.by) {
        claimed(comment, answer.by);
      }
    } catch { /* Without a lease a version check still keeps two rulings apart. */ }
  };
  const moved = (row) => {
    letGo();
    if (!row || !row.matches(".item") || !may.rule || row.classList.contains("claimed")) return;
    const id = row.dataset.id;
    dwell = setTimeout(() => claim(id), DWELL);
    beat = setInterval(() => { if (!document.hidden && performance.now() - stirred < IDLE) claim(id); }, HEARTBEAT);
  };
  const stir = () => {
    const away = performance.now() - stirred >= IDLE;
    stirred = performance.now();
    if (away && rows.current) moved(rows.current);
  };
  for (const kind of ["keydown", "pointermove", "pointerdown", "wheel"]) document.addEventListener(kind, stir, { passive: true, capture: true });
  window.addEventListener("pagehide", letGo);

  const claimed = (id, name) => {
    const row = rows.rowOf(id);
    if (!row || row.classList.contains("claimed") === Boolean(name)) return;
    row.classList.toggle("claimed", Boolean(name));
    row.querySelector(".claim").hidden = !name;
    row.querySelector(".claim bdi").textContent = name || "";
    rows.forget(id);
    if (row === rows.current) {
      touched();
      const typing = rows.beside.contains(document.activeElement);
      if (!typing) rows.show(id);
    }
  };

  // --- The pulse ------------------------------------------------------------------------------------------------------

  const take = (body) => {
    const rail = document.querySelector("[data-rail]");
    // While something is under way the page knows the loads better.
    const counts = !wire.anyLeft() && !rail.contains(document.activeElement);
    if (counts) rail.innerHTML = body.rail;
    else tag = "";
    pill.hidden = body.new === 0;
    pill.textContent = fill(words.new, { count: body.new, key: "r" });
    for (const row of rows.rows()) claimed(row.dataset.id, body.claims[row.dataset.id]);
    here.hidden = !body.here.length;
    here.textContent = body.here.length === 1 ? fill(words.one, { name: body.here[0] }) : fill(words.many, { names: body.here.join(", ") });
    for (const act of body.acts) {
      const row = rows.rowOf(act.comment);
      if (row && act.kind === "decided") {
        clash(row, row, { says: `${act.says}`, seen: act.seen || "", revision: row.dataset.revision }, "");
      }
    }
    after = body.last || after;
  };
  const pulse = async () => {
    if (document.hidden) return;
    const query = new URLSearchParams(root.dataset.query);
    query.delete("cursor");
    query.set("since", root.dataset.since);
    query.set("after", after);
    try {
      const answer = await fetch(`${urls.pulse}?${query}`, { headers: { "X-Desk": "part", ...(tag && { "If-None-Match": tag }) }, cache: "no-store" });
      if (answer.status === 200 && (answer.headers.get("Content-Type") || "").startsWith("application/json")) {
        tag = answer.headers.get("ETag") || "";
        take(await answer.json());
      }
    } catch { /* The next one tries again. */ }
  };
  // Once nothing was answered for a moment: what was decided has changed the loads.
  let due = 0;
  const soon = () => {
    clearTimeout(due);
    due = setTimeout(pulse, SETTLED);
  };
  setInterval(pulse, PULSE);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) pulse(); });

  return { moved, pulse, soon };
};
