// Sweep, campaigns and history: every page works without this.
"use strict";

(() => {
  // The button that acts on many waits until the last comment of the sample was on the screen.
  const last = document.querySelector("[data-sample] > li:last-child");
  const form = document.querySelector("form[data-after-sample]");
  if (last && form && "IntersectionObserver" in window) {
    const buttons = form.querySelectorAll("button");
    const why = document.querySelector("[data-wakes]");
    for (const button of buttons) button.disabled = true;
    if (why) why.hidden = false;
    new IntersectionObserver((entries, observer) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      for (const button of buttons) button.disabled = false;
      if (why) why.hidden = true;
      observer.disconnect();
    }).observe(last);
  }

  // Each bound of a range gets a handle to drag.
  const bounds = [...document.querySelectorAll("form[data-bounds] input[type=number]")];
  for (const number of bounds) {
    const handle = Object.assign(document.createElement("input"), { type: "range", min: "0", max: "1", step: "0.01" });
    handle.setAttribute("aria-label", number.labels[0].textContent);
    handle.value = number.value;
    handle.addEventListener("input", () => { number.value = handle.value; });
    number.addEventListener("input", () => { handle.value = number.value; });
    number.after(handle);
  }
})();
