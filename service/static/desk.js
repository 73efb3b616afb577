// The desk's own script. Every page works without it; it only spares a person some clicks.
"use strict";

(() => {
  // Times stand in UTC until the browser's own zone is known.
  const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
  const localTimes = (root) => {
    for (const time of root.querySelectorAll("time[datetime]:not([data-local])")) {
      const moment = new Date(time.dateTime);
      if (!Number.isNaN(moment.valueOf())) {
        time.textContent = format.format(moment);
        time.dataset.local = "";
      }
    }
  };

  // A menu closes when something else is clicked, and with Escape.
  const openMenus = () => document.querySelectorAll("details.menu[open]");
  document.addEventListener("click", (event) => {
    for (const menu of openMenus()) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of openMenus()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  // One polite sentence for screen readers: window.sluice.say("Approved. 41 left.").
  const say = (sentence) => {
    const live = document.getElementById("live");
    live.textContent = "";
    requestAnimationFrame(() => { live.textContent = sentence; });
  };

  // What a link would do only after being asked: <button data-confirm="Really?">.
  document.addEventListener("click", (event) => {
    const asked = event.target.closest("[data-confirm]");
    if (asked && !window.confirm(asked.dataset.confirm)) event.preventDefault();
  });

  const csrfToken = () => document.querySelector('meta[name="csrf-token"]').content;

  window.sluice = Object.freeze({ say, csrfToken, localTimes });
  localTimes(document);
  document.addEventListener("htmx:afterSwap", (event) => localTimes(event.target));
})();
