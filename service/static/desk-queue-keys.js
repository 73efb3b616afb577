// Which key was pressed, and whether it may do anything now.

const LETTER = /^\p{L}$/u;

// "a", "Shift+A", "Alt+a", "Space", "ArrowDown"; nothing for what belongs to the browser.
export const nameOf = (event) => {
  let key = event.key;
  if (!key || key === "Unidentified" || key === "Dead") return null;
  const latin = /^Key([A-Z])$/.exec(event.code || "");
  // A Cyrillic or Greek layout has the same keys in the same places.
  if (latin && (event.altKey || (LETTER.test(key) && key.charCodeAt(0) > 127))) key = latin[1].toLowerCase();
  if (event.metaKey) return null;
  if (event.ctrlKey && !event.altKey) return !event.shiftKey && key.toLowerCase() === "z" ? "Ctrl+z" : null;
  if (event.ctrlKey) return null;
  if (key === " ") key = "Space";
  if (event.altKey) return `Alt+${key.length === 1 ? key.toLowerCase() : key}`;
  if (event.shiftKey && (LETTER.test(key) || key.length > 1)) return `Shift+${key.length === 1 ? key.toUpperCase() : key}`;
  return LETTER.test(key) ? key.toLowerCase() : key;
};

const typesIn = (element) =>
  element.isContentEditable || element.matches("textarea, select, input:not([type=checkbox], [type=radio])");
const presses = (element, name) =>
  (name === "Enter" || name === "Space") && element.matches("a:not(.open), button, summary, input");

// run(command) does it and says whether there was anything to do; go and number are for "g q" and "3".
export const listen = ({ byKey, single, go, run, number, held }) => {
  let goesUntil = 0;
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.keyCode === 229) return;
    if (document.querySelector("dialog[open]")) return;
    const name = nameOf(event);
    const where = event.target instanceof Element ? event.target : document.body;
    if (name === null || typesIn(where) || presses(where, name)) return;
    const command = name === "Ctrl+z" ? "undo" : byKey[name];
    if (event.repeat && command !== "next" && command !== "previous") {
      if (command) event.preventDefault();
      return;
    }
    if (!single && !/^(Alt\+|Ctrl\+|Arrow)/.test(name)) return;
    if (performance.now() < goesUntil) {
      goesUntil = 0;
      if (go[name]) {
        event.preventDefault();
        location.assign(go[name]);
      }
      return;
    }
    if (name === "g" && !command) {
      goesUntil = performance.now() + 1500;
    } else if (command === "unmask") {
      event.preventDefault();
      held(true);
    } else if (command) {
      if (run(command) !== false) event.preventDefault();
    } else if (/^[1-9]$/.test(name)) {
      if (number(Number(name)) !== false) event.preventDefault();
    }
  });
  document.addEventListener("keyup", (event) => {
    if (byKey[nameOf(event)] === "unmask") held(false);
  });
  window.addEventListener("blur", () => held(false));
};
