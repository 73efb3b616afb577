// The queue by keyboard. A row that is decided becomes a line at once and the next one is in front of you; the service
// is told behind it. Every button works without this script, and this script sends what the buttons send.

import { listen } from "./desk-queue-keys.js";
import { list } from "./desk-queue-rows.js";
import { Refused, Stale, sender } from "./desk-queue-send.js";
import { watch } from "./desk-queue-watch.js";

const root = document.querySelector("[data-queue]");
if (root) begin();

function begin() {
  const facts = Object.fromEntries(["urls", "keys", "go", "may", "words"].map((name) => [name, JSON.parse(root.dataset[name])]));
  const { urls, may, words } = facts;
  root.words = words;
  const fill = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
  const { say } = window.sluice;
  // What must not be missed is seen as well as read out.
  const told = root.querySelector("[data-told]");
  let toldUntil = 0;
  const warn = (says) => {
    say(says);
    told.textContent = says;
    told.hidden = false;
    clearTimeout(toldUntil);
    toldUntil = setTimeout(() => { told.hidden = true; }, 6000);
    return true;
  };
  const wire = sender({ site: root.dataset.site, me: root.dataset.me });
  const done = []; // what can be taken back, the last at the end
  const undone = [];
  let changedAt = -1000; // when the comment changed under the hands of whoever looks at it
  let staysOnce = false;
  const touched = () => { changedAt = performance.now(); };
  const rows = list({ root, urls, query: root.dataset.query, touched, onMove: (row, before) => watching.moved(row, before) });
  const watching = watch({ root, urls, may, words, fill, wire, rows, touched, clash });
  document.documentElement.classList.add("scripted");

  const authorOf = (row) => row.querySelector(".who")?.textContent || "";
  const left = () => {
    const count = document.querySelector("[data-rail] [aria-current] .count");
    return count ? Number(count.textContent) : rows.rows().length;
  };
  // All loads at once, so that they agree until the service has counted. What is set aside still waits: somewhere else.
  const count = (moved, how, by) => {
    const rail = document.querySelector("[data-rail]");
    const here = rail.querySelector("[aria-current]")?.dataset.view;
    const add = (view, change) => {
      const place = rail.querySelector(`[data-view="${view}"] .count`);
      if (place) place.textContent = String(Math.max(0, Number(place.textContent) + change));
    };
    const to = { skip: "skipped", escalate: "escalated" }[how] || (may.confirm ? null : "second-look");
    for (const row of moved) {
      add(here && here !== "all" ? here : row.dataset.in, by);
      add(to || "all", to ? -by : by);
    }
  };
  const tell = (what) => {
    const next = rows.current && rows.current.matches(".item") ? authorOf(rows.current) : "";
    say(next ? fill(words.left, { what, count: left(), next }) : fill(words.last, { what }));
  };

  const keyOf = (command) => Object.keys(facts.keys).find((key) => facts.keys[key] === command) || "";
  const causeOf = (error) => (error instanceof Refused ? words.no_right : error instanceof Stale ? words.stale : words.unsaved);

  // --- Deciding ---------------------------------------------------------------------------------------------------

  function decide(how, more = {}) {
    const row = rows.current;
    if (!row) return press(how);
    if (!row.matches(".item")) return false;
    if (performance.now() - changedAt < 250) return true;
    if (!(how === "escalate" ? may.escalate : may.rule)) return warn(words.no_right);
    if (row.classList.contains("claimed") && !more.take_over) return warn(fill(words.claimed, { name: row.querySelector(".claim bdi").textContent, key: keyOf("take_over") }));
    const stays = staysOnce;
    staysOnce = false;
    const fields = { comment: row.dataset.id, revision: row.dataset.revision, seen: row.dataset.seen, do: how, back: root.dataset.query, ...more };
    tire(row);
    const said = !may.confirm && ["approve", "spam", "abuse", "reject", "hold"].includes(how) ? words.proposed : words[how];
    const entry = { rows: [row], how, more, receipts: [receiptFor(row, said)], acts: null };
    done.push(entry);
    undone.length = 0;
    rows.forget(row.dataset.id);
    count([row], how, -1);
    if (stays) {
      rows.adopt(entry.receipts[0]);
      entry.receipts[0].querySelector("button").focus();
    } else {
      rows.leave(entry.receipts[0]);
    }
    tell(said);
    entry.promise = deliver(entry, row.dataset.id, urls.decide, fields);
    entry.promise.catch(() => {}); // it has been told
    return true;
  }

  // A comment that is not in the list has the page's own buttons.
  function press(how) {
    const button = rows.beside.querySelector(`[data-decide] button[name=do][value=${how}]`);
    if (!button) return false;
    button.click();
    return true;
  }

  function receiptFor(row, says) {
    const receipt = rows.template("receipt");
    receipt.querySelector("[data-says]").textContent = `${says}: ${authorOf(row)}`;
    receipt.dataset.id = row.dataset.id;
    row.classList.remove("current", "failed");
    row.querySelector(".cause")?.remove();
    row.replaceWith(receipt);
    untick(row);
    return receipt;
  }

  async function deliver(entry, id, url, fields) {
    let answer;
    try {
      answer = await wire.send(id, url, fields);
    } catch (error) {
      failed(entry, causeOf(error), fields);
      throw error;
    }
    watching.soon();
    if (answer.ok) {
      entry.acts = answer.acts;
      entry.receipts[0].querySelector("[data-says]").textContent = `${answer.says} · ${authorOf(entry.rows[0])}`;
      return answer;
    }
    if (answer.clash) {
      forgetEntry(entry);
      count(entry.rows, entry.how, 1);
      clash(entry.receipts[0], entry.rows[0], answer, entry.how);
    } else failed(entry, answer.says, fields);
    throw new Error(answer.says);
  }

  const forgetEntry = (entry) => {
    if (done.includes(entry)) done.splice(done.indexOf(entry), 1);
  };

  // The row comes back with the cause, and the one who decided with it.
  function failed(entry, says, fields) {
    forgetEntry(entry);
    const row = entry.rows[0];
    if (!entry.receipts[0].isConnected) return;
    count(entry.rows, entry.how, 1);
    rows.comeBack(entry.receipts[0], row);
    row.classList.add("failed");
    row.retry = { how: entry.how, more: entry.more, fields };
    const cause = document.createElement("p");
    cause.className = "cause";
    cause.textContent = says;
    row.querySelector(".what").append(cause);
    changedAt = performance.now();
    if (!document.activeElement?.matches("textarea, input, select")) rows.move(row);
    say(says);
  }

  // Somebody else was quicker, or looks at it: what stands is shown in the place of the row, and nothing was done.
  function clash(holder, row, answer, how) {
    const was = rows.current === holder || rows.current === row;
    const place = rows.template("clash");
    place.dataset.id = row.dataset.id;
    place.row = row;
    place.querySelector("[data-says]").textContent = `${answer.says} (${authorOf(row)})`;
    const override = place.querySelector("[data-act=override]");
    override.hidden = !how || !words[`again_${how}`] || !may.rule;
    override.textContent = (how && words[`again_${how}`]) || "";
    override.how = how;
    place.answer = answer;
    holder.replaceWith(place);
    untick(row);
    changedAt = performance.now();
    rows.forget(row.dataset.id);
    if (was) {
      rows.adopt(place);
      if (rows.beside.contains(document.activeElement) && document.activeElement.matches("textarea")) {
        rows.overtaken(); // nobody is torn from what they write
      } else {
        rows.show(row.dataset.id);
        rows.focus();
      }
    }
    say(answer.says);
  }

  function settle(place, overrides) {
    const { row, answer } = place;
    const how = place.querySelector("[data-act=override]").how;
    rows.adopt(place);
    if (!overrides) {
      const receipt = receiptFor(place, answer.says);
      receipt.querySelector("[data-says]").textContent = answer.says;
      receipt.querySelector("button").remove();
      return rows.leave(receipt);
    }
    row.dataset.revision = answer.revision || row.dataset.revision;
    row.dataset.seen = answer.seen || "";
    row.classList.remove("claimed");
    place.replaceWith(row);
    rows.adopt(row);
    changedAt = -1000;
    return decide(how, { take_over: "1" });
  }

  function bulk(how) {
    const ticked = rows.rows().filter((row) => row.querySelector(".tick input")?.checked);
    if (!may.bulk) return warn(words.no_right);
    if (!ticked.length) return warn(words.tick_first);
    const body = [["do", how], ["back", root.dataset.query], ...ticked.map((row) => ["pick", row.querySelector(".tick input").value])];
    const entry = { rows: ticked, how, receipts: [], acts: null };
    const last = ticked[ticked.length - 1];
    for (const row of ticked) {
      rows.forget(row.dataset.id);
      entry.receipts.push(receiptFor(row, words[how]));
    }
    done.push(entry);
    count(ticked, how, -1);
    if (!rows.current?.isConnected) rows.leave(entry.receipts[entry.rows.indexOf(last)]);
    tell(`${words[how]} (${ticked.length})`);
    entry.promise = wire.post(urls.bulk, body).then((answer) => {
      entry.acts = answer.acts;
      for (const [id, html] of Object.entries(answer.rows)) {
        const at = entry.rows.findIndex((row) => row.dataset.id === id);
        if (at >= 0 && html) rows.comeBack(entry.receipts[at], rows.fromHtml(html));
      }
      say(answer.says);
      watching.soon();
      return answer;
    }, (error) => {
      forgetEntry(entry);
      entry.receipts.forEach((receipt, at) => rows.comeBack(receipt, entry.rows[at]));
      count(entry.rows, how, 1);
      say(causeOf(error));
      throw error;
    });
    entry.promise.catch(() => {});
    return true;
  }

  // --- Taking back ------------------------------------------------------------------------------------------------

  function undo(entry = done[done.length - 1]) {
    if (!may.rule) return warn(words.no_right);
    if (!entry) return undoOlder();
    forgetEntry(entry);
    undone.push(entry);
    entry.receipts.forEach((receipt, at) => rows.comeBack(receipt, entry.rows[at]));
    count(entry.rows, entry.how, 1);
    const told = entry.promise.then((answer) => answer.acts, () => []);
    const back = (async () => {
      for (const act of await told) {
        const answer = await wire.post(urls.undo, { act, back: root.dataset.query });
        if (!answer.ok) stands(entry, answer.says);
      }
      watching.soon();
    })();
    back.catch((error) => stands(entry, causeOf(error)));
    for (const row of entry.rows) {
      wire.inTurn(row.dataset.id, () => back).catch(() => {});
      rows.readAfter(row.dataset.id, back);
    }
    rows.move(entry.rows[0]);
    say(fill(words.back, { next: authorOf(entry.rows[0]) }));
    return true;
  }

  // What could not be taken back: the rows go again.
  function stands(entry, says) {
    for (const row of entry.rows.filter((each) => each.isConnected)) {
      const was = rows.current === row;
      const receipt = receiptFor(row, says);
      receipt.querySelector("button").remove();
      count([row], entry.how, -1);
      if (was) {
        touched();
        rows.leave(receipt);
      }
    }
    say(says);
  }

  // What was done before this page was loaded is known to the service alone.
  async function undoOlder() {
    let answer;
    try {
      answer = await wire.post(urls.undo, { act: "last", back: root.dataset.query });
    } catch (error) {
      return say(causeOf(error));
    }
    say(answer.says);
    watching.soon();
    for (const [id, html] of Object.entries(answer.rows || {})) {
      const row = html && rows.fromHtml(html);
      if (!row) continue;
      rows.comeBack(rows.items.querySelector(`[data-id="${id}"]`) || document.createElement("li"), row);
      rows.forget(id);
      rows.move(row);
    }
    return true;
  }

  function redo() {
    const entry = undone.pop();
    if (!entry || entry.rows.length !== 1 || !entry.rows[0].isConnected) return say(words.nothing);
    rows.move(entry.rows[0]);
    const rest = [...undone];
    changedAt = -1000;
    decide(entry.how, entry.more);
    undone.push(...rest);
    return true;
  }

  // --- What else a comment gets ------------------------------------------------------------------------------------

  async function remark(how, fields) {
    const row = rows.current;
    try {
      const answer = await wire.post(urls.decide, { comment: row.dataset.id, revision: row.dataset.revision, seen: row.dataset.seen, do: how, back: root.dataset.query, ...fields });
      say(answer.says);
      if (answer.ok && how === "take_over") {
        row.classList.remove("claimed");
        row.querySelector(".claim").hidden = true;
      }
      if (answer.ok) {
        rows.forget(row.dataset.id);
        if (rows.current === row) rows.show(row.dataset.id);
      }
    } catch (error) {
      say(causeOf(error));
    }
    rows.focus();
  }

  const part = (name) => rows.beside.querySelector(`details[data-part=${name}]`);
  const unfold = (name) => {
    const found = part(name);
    if (!found) return false;
    found.open = !found.open;
    found.scrollIntoView({ block: "nearest" });
    return true;
  };
  const write = (how) => {
    const found = part("write");
    if (!found) return warn(words.no_right);
    found.open = true;
    const area = found.querySelector("textarea");
    area.dataset.how = how;
    area.focus();
    return true;
  };
  const tray = () => {
    const found = part("tray");
    if (!found) return warn(words.no_right);
    found.open = !found.open;
    if (!found.open) return rows.focus();
    (found.querySelector(`button[value="${found.dataset.likely}"]`) || found.querySelector("button")).focus();
    return true;
  };
  const real = () => {
    const comment = rows.beside.querySelector(".comment");
    const button = rows.beside.querySelector("[data-real]");
    if (!button) return false;
    comment.dataset.shown = comment.dataset.shown === "real" ? "seen" : "real";
    button.setAttribute("aria-pressed", String(comment.dataset.shown === "real"));
    return true;
  };
  const held = (on) => root.classList.toggle("bare", on);
  const open = () => {
    const row = rows.current;
    if (!row) return false;
    if (row.retry && row.classList.contains("failed")) {
      const { how, more } = row.retry;
      return decide(how, more);
    }
    if (row.matches(".clash")) return false;
    root.classList.add("opened");
    (rows.narrow.matches ? rows.beside : rows.beside.querySelector(".scrolls") || rows.beside).focus();
    return true;
  };
  const close = () => {
    const tray_ = part("tray");
    if (tray_?.open) tray_.open = false;
    root.classList.remove("opened", "alone");
    for (const menu of document.querySelectorAll("[data-filters][open]")) menu.open = false;
    rows.focus();
  };
  const alone = () => {
    root.classList.toggle("alone");
    rows.focus();
    return true;
  };
  const step = (by) => {
    const to = rows.current ? rows.beyond(rows.current, by) : rows.rows()[0];
    if (to) rows.move(to);
    return true;
  };
  const tick = (box, on) => {
    if (box) box.checked = on;
    ticking();
    return true;
  };
  const boxes = () => rows.rows().map((row) => row.querySelector(".tick input")).filter(Boolean);
  // What was decided is no longer picked, nor is it when it comes back.
  function untick(row) {
    const box = row.querySelector(".tick input");
    if (box) box.checked = false;
    ticking();
  }
  function ticking() {
    const bar = document.getElementById("bulk");
    if (!bar) return;
    const many = boxes().filter((box) => box.checked).length;
    bar.classList.toggle("some", many > 0);
    bar.querySelector("[data-ticked]").textContent = fill(words.ticked, { count: many });
  }
  const nextView = () => {
    const views = [...document.querySelectorAll("[data-rail] a[data-view]:not([data-view=all])")];
    const here = views.findIndex((view) => view.matches("[aria-current]"));
    const found = [...views.slice(here + 1), ...views.slice(0, here + 1)].find((view) => Number(view.dataset.count) > 0);
    if (found) location.assign(found.href);
  };

  const commands = {
    next: () => step(1), previous: () => step(-1), open, focus: alone, next_view: nextView,
    approve: () => decide("approve"), spam: () => decide("spam"), abuse: () => decide("abuse"), reject: () => decide("reject", { reason: "" }),
    skip: () => decide("skip"), tray, escalate: () => write("escalate"), note: () => write("note"),
    undo: () => undo(), redo, take_over: () => (rows.current?.classList.contains("claimed") ? remark("take_over", {}) : false),
    tick: () => { const box = rows.current?.querySelector(".tick input"); return box ? tick(box, !box.checked) : false; },
    tick_all: () => { const all = boxes(); const on = !all.every((box) => box.checked); all.forEach((box) => { box.checked = on; }); return tick(null, on); },
    bulk_approve: () => bulk("approve"), bulk_spam: () => bulk("spam"), bulk_abuse: () => bulk("abuse"), bulk_skip: () => bulk("skip"),
    stay: () => { staysOnce = true; say(words.stay); },
    thread: () => unfold("thread"), why: () => unfold("why"), alike: () => unfold("alike"), author: () => unfold("author"), real,
    search: () => { const found = root.querySelector("[data-filters]"); found.open = true; found.querySelector("#f-q").focus(); },
    refresh: () => location.assign(`${urls.queue}?${root.dataset.query.replace(/(^|&)cursor=[^&]*/, "")}`),
    first_page: () => commands.refresh(), more: () => { rows.more(); },
    help: () => root.querySelector("[data-help]").showModal(),
  };
  listen({
    byKey: facts.keys, single: root.dataset.single === "1", go: facts.go, held,
    run: (name) => (commands[name] ? commands[name]() : false),
    number: (place) => {
      const reasons = part("tray")?.open ? part("tray").querySelectorAll("button[name=reason]") : null;
      if (reasons) return reasons[place - 1] ? reasons[place - 1].click() : false;
      const view = document.querySelectorAll("[data-rail] a[data-view]")[place - 1];
      return view ? location.assign(view.href) : false;
    },
  });

  // --- The mouse, and what the buttons say ---------------------------------------------------------------------------

  document.addEventListener("submit", (event) => {
    const { target: form, submitter } = event;
    if (form.matches("[data-undo]")) {
      event.preventDefault();
      undo();
    } else if (form.id === "bulk") {
      event.preventDefault();
      bulk(submitter.value);
    } else if (form.matches("[data-decide]") && rows.current?.dataset.id === form.elements.comment.value && rows.current.matches(".item")) {
      event.preventDefault();
      const how = submitter?.name === "do" ? submitter.value : form.elements.do.value;
      const more = {};
      if (submitter?.name === "reason") more.reason = submitter.value;
      if (form.elements.note) more.note = form.elements.note.value;
      if (how === "note" || how === "take_over") remark(how, more);
      else decide(how, more);
    }
  });
  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const link = event.target.closest("a, button");
    if (!link) return;
    if (link.matches(".item .open")) {
      event.preventDefault();
      root.classList.add("opened");
      rows.move(link.closest(".item"));
    } else if (link.matches("[data-back]")) {
      event.preventDefault();
      close();
    } else if (link.matches("[data-real]")) {
      event.preventDefault();
      real();
    } else if (link.matches("[data-unmask]")) {
      event.preventDefault();
      const bare = link.closest(".detail").classList.toggle("bare");
      for (const each of link.closest(".detail").querySelectorAll(".shield")) each.setAttribute("aria-hidden", String(!bare));
      link.setAttribute("aria-pressed", String(bare));
    } else if (link.matches("[data-more]")) {
      event.preventDefault();
      rows.more();
    } else if (link.matches("[data-new]")) {
      commands.refresh();
    } else if (link.matches("[data-act=undo]")) {
      const entry = done.find((each) => each.receipts.includes(link.closest("li")));
      if (entry) undo(entry);
    } else if (link.matches("[data-act=keep], [data-act=override]")) {
      settle(link.closest("[data-overtaken]") ? rows.current : link.closest(".clash"), link.matches("[data-act=override]"));
    }
  });
  root.addEventListener("change", (event) => { if (event.target.matches(".tick input")) ticking(); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !document.querySelector("dialog[open]")) close();
    const area = event.target.closest?.("textarea[name=note]");
    if (area && event.key === "Enter" && (event.ctrlKey || event.metaKey) && area.value.trim()) {
      event.preventDefault();
      area.form.requestSubmit(area.form.querySelector(`button[value="${area.dataset.how || "note"}"]`));
    }
  });

  // --- Care: after much hard reading, an offer. Only this browser knows of it. -----------------------------------------

  function tire(row) {
    const hard = "severe" in row.dataset ? Number(sessionStorage.getItem("sluice-hard") || 0) + 1 : 0;
    sessionStorage.setItem("sluice-hard", String(hard));
    root.querySelector("[data-calm]").hidden = hard < 8;
  }

  // --- What a reload interrupted --------------------------------------------------------------------------------------

  function resend() {
    let many = 0;
    for (const [id, { url, fields }] of Object.entries(wire.unsent())) {
      const row = rows.rowOf(id);
      if (row && row === rows.current) rows.move(rows.beyond(row, 1) || row);
      const entry = { rows: [row || document.createElement("li")], how: fields.do, more: {}, receipts: [row ? receiptFor(row, words[fields.do]) : document.createElement("li")], acts: null };
      if (!row) entry.receipts[0].innerHTML = "<span data-says></span>";
      done.push(entry);
      many += 1;
      entry.promise = deliver(entry, id, url, fields);
      entry.promise.catch(() => {});
    }
    if (many) say(fill(words.again, { count: many }));
  }
  window.addEventListener("online", resend);

  const first = rows.items.querySelector(":scope > .item.current") || (root.classList.contains("opened") ? null : rows.rows()[0]);
  if (first) {
    rows.adopt(first);
    if (document.activeElement === document.body) rows.focus();
    watching.moved(first, null);
    for (const row of rows.rows().slice(0, 3)) if (row !== first) rows.detailOf(row.dataset.id);
  } else if (!rows.rows().length && document.activeElement === document.body) {
    root.querySelector("[data-empty]").focus();
  } else if (document.activeElement === document.body) {
    rows.beside.focus();
  }
  resend();
}
