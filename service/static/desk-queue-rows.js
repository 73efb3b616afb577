// The list: which row is looked at, receipts in the place of rows, more rows at the end. Nothing here asks the service
// anything but for rows and details.

export const list = ({ root, urls, query, onMove, touched }) => {
  const items = root.querySelector("[data-items]");
  const beside = root.querySelector("[data-beside]");
  const empty = root.querySelector("[data-empty]");
  const narrow = window.matchMedia("(max-width: 56.24rem)");
  const details = new Map();
  const waits = new Map(); // what must have happened before a comment is asked for
  let current = null;
  let loading = null;

  const template = (name) => root.querySelector(`[data-template=${name}]`).content.firstElementChild.cloneNode(true);
  const rows = () => [...items.querySelectorAll(":scope > .item")];
  const rowOf = (id) => document.getElementById(`c-${id}`);
  const link = (row) => row.querySelector(".open");
  const beyond = (from, step) => {
    let at = from;
    do at = step > 0 ? at.nextElementSibling : at.previousElementSibling;
    while (at && !at.matches(".item, .clash"));
    return at;
  };

  const detailOf = (id) => {
    if (!details.has(id)) {
      if (details.size > 40) details.delete(details.keys().next().value);
      const entry = { html: null, promise: null };
      entry.promise = (waits.get(id) || Promise.resolve())
        .then(() => fetch(`${urls.item.replace("ID", id)}?${query}`, { headers: { "X-Desk": "part" } }))
        .then((answer) => (answer.ok && !answer.redirected ? answer.text() : Promise.reject(new Error(String(answer.status)))))
        .then((html) => { entry.html = html; return html; });
      entry.promise.catch(() => details.delete(id));
      details.set(id, entry);
    }
    return details.get(id);
  };
  const put = (html) => {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    beside.replaceChildren(holder.content);
    window.sluice.localTimes(beside);
    overtaken();
  };
  // What somebody else decided is said in the detail as well, and cannot be decided there by mistake.
  const overtaken = () => {
    const detail = beside.querySelector("[data-detail]");
    if (!current?.matches(".clash") || detail?.dataset.detail !== current.dataset.id || detail.querySelector("[data-overtaken]")) return;
    const banner = document.createElement("div");
    banner.className = "clash";
    banner.dataset.overtaken = "";
    banner.append(...[...current.children].map((child) => child.cloneNode(true)));
    detail.querySelector(".scrolls").prepend(banner);
    detail.querySelector(".acts").replaceChildren();
    banner.scrollIntoView({ block: "nearest" });
  };
  const show = (id) => {
    const entry = detailOf(id);
    if (entry.html !== null) return put(entry.html);
    beside.replaceChildren(template("skeleton"));
    return entry.promise.then(
      (html) => { if (current && current.dataset.id === id) put(html); },
      () => { if (current && current.dataset.id === id) beside.textContent = root.words.unread; },
    );
  };
  const forget = (id) => details.delete(id);
  // What is being taken back is read once that is done.
  const readAfter = (id, work) => {
    const settled = work.catch(() => {}).finally(() => { if (waits.get(id) === settled) waits.delete(id); });
    waits.set(id, settled);
    details.clear(); // the author's others tell of it too
  };

  const inDetail = () => root.classList.contains("alone") || (narrow.matches && root.classList.contains("opened"));
  const focus = () => {
    if (!current) {
      if (!empty.hidden) empty.focus();
      return;
    }
    const target = inDetail() ? beside : link(current) || current.querySelector("button");
    target.focus({ preventScroll: true });
    current.scrollIntoView({ block: "nearest" });
  };
  // Only the row that is looked at is in the way of Tab.
  const rove = (row, on) => {
    for (const each of row.querySelectorAll("a, input, button")) each.tabIndex = on ? 0 : -1;
  };
  const mark = (row) => {
    if (current && current !== row) {
      current.classList.remove("current");
      link(current)?.removeAttribute("aria-current");
      rove(current, false);
    }
    current = row;
    if (!row) return;
    row.classList.add("current");
    link(row)?.setAttribute("aria-current", "true");
    rove(row, true);
  };
  const move = (row, { silent = false } = {}) => {
    const before = current;
    mark(row);
    focus();
    if (!row) return;
    if (row.matches(".clash")) show(row.dataset.id);
    if (row.matches(".item")) {
      show(row.dataset.id);
      for (let next = row, left = 2; left && (next = beyond(next, 1)); left -= 1) {
        if (next.matches(".item")) detailOf(next.dataset.id);
      }
      history.replaceState(null, "", link(row).href);
    }
    if (rows().length && rows().indexOf(row) >= rows().length - 40) more();
    if (before !== row && !silent) onMove(row, before);
  };

  // More rows come behind the last one; what is there stays where it is.
  const more = () => {
    const place = items.querySelector(":scope > .more");
    if (!place || loading) return loading;
    loading = fetch(place.querySelector("a").href, { headers: { "X-Desk": "part" } })
      .then((answer) => (answer.ok && !answer.redirected ? answer.text() : Promise.reject(new Error(String(answer.status)))))
      .then((html) => {
        const holder = document.createElement("template");
        holder.innerHTML = html;
        for (const row of holder.content.querySelectorAll(".item")) {
          if (items.querySelector(`[data-id="${row.dataset.id}"]`)) row.remove();
          else rove(row, false);
        }
        const hadFocus = place.contains(document.activeElement);
        place.replaceWith(holder.content);
        if (hadFocus && rows().length) {
          touched();
          move(rows()[0]);
        }
      })
      .catch(() => {})
      .finally(() => { loading = null; });
    return loading;
  };

  // Where to go once a row is gone: the next one, else the one before, else more, else the empty message.
  const leave = (from) => {
    const to = beyond(from, 1) || beyond(from, -1);
    if (to) return move(to);
    mark(null);
    onMove(null, null);
    const place = items.querySelector(":scope > .more a");
    beside.replaceChildren();
    root.classList.remove("alone", "opened");
    if (place) {
      place.focus();
      return more();
    }
    // A reload shows the empty list, not the comment that was decided last.
    history.replaceState(null, "", `${urls.queue}?${query}`);
    empty.hidden = false;
    return empty.focus();
  };
  const comeBack = (holder, row) => {
    empty.hidden = true;
    if (holder.isConnected) holder.replaceWith(row);
    else items.prepend(row);
    row.classList.remove("current");
    rove(row, false);
  };
  const fromHtml = (html) => {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    return holder.content.querySelector(".item");
  };

  beside.tabIndex = -1;
  rows().forEach((row) => rove(row, false));
  return {
    items, beside, narrow, rows, rowOf, template, beyond, detailOf, show, forget, readAfter, overtaken, focus, move, more, leave, comeBack, fromHtml,
    get current() { return current; },
    adopt: mark,
  };
};
