// Small helpers for the DOM.

export const byId = (id) => document.getElementById(id);

/** An element of a name with properties and children. Text goes in as text, never as markup. */
export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** A drawn element: SVG knows attributes alone. */
export function drawn(name, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** A copy of the only element in a template. */
export const copyOf = (template) => byId(template).content.firstElementChild.cloneNode(true);

/** Says something to those who hear the page. */
export function announce(sentence) {
  byId("announcer").textContent = sentence;
}

/** One stop of the tab key for many things: arrows, Home and End go from one to the other. */
export function arrowKeys(container, selector) {
  container.addEventListener("keydown", (event) => {
    const all = [...container.querySelectorAll(selector)];
    const at = all.indexOf(document.activeElement);
    const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -at, End: all.length - 1 - at };
    const next = all[at + steps[event.key]];
    if (at < 0 || !next) return;
    event.preventDefault();
    all[at].setAttribute("tabindex", -1);
    next.setAttribute("tabindex", 0);
    next.focus();
  });
}

/** Offers a Blob, or text, under a file name. */
export function download(content, name, type) {
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // some browsers first ask where to save it
}

/** Copies text; the old way where the clipboard is kept for https and localhost. */
export async function copy(text) {
  try {
    return await navigator.clipboard.writeText(text);
  } catch {
    // No clipboard, or no permission.
  }
  const field = element("textarea", { value: text, className: "unseen" });
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}
