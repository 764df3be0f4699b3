"use strict";
// What every page has: details open on paper, JSON data, elements made with textContent only.
window.addEventListener("beforeprint", () => {
  for (const box of document.querySelectorAll("details[data-print]")) {
    if (!box.open) { box.open = true; box.dataset.opened = "1"; }
  }
});
window.addEventListener("afterprint", () => {
  for (const box of document.querySelectorAll("details[data-opened]")) { box.open = false; delete box.dataset.opened; }
});

const pageData = () => JSON.parse(document.getElementById("data").textContent);

function make(tag, options, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(options || {})) {
    if (name === "text") node.textContent = value;
    else if (name === "class") node.className = value;
    else if (value === true) node.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.filter(child => child !== null && child !== undefined));
  return node;
}

// "İREM" is found by "irem" and by "Irem": case, dots and accents do not count.
const fold = text => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase().replace(/ı/g, "i");

function filled(template, figures) {
  return template.replace(/\{(\w+)\}/g, (whole, name) => (name in figures ? figures[name] : whole));
}

function later(wait, work) {
  let timer = 0;
  return () => { clearTimeout(timer); timer = setTimeout(work, wait); };
}

// The text with the searched words marked.
function marked(text, wanted) {
  const box = document.createDocumentFragment();
  const folded = wanted ? fold(text) : "";
  if (!wanted || folded.length !== text.length) { box.append(text); return box; }
  let from = 0;
  for (let at = folded.indexOf(wanted); at >= 0; at = folded.indexOf(wanted, from)) {
    box.append(text.slice(from, at), make("mark", { text: text.slice(at, at + wanted.length) }));
    from = at + wanted.length;
  }
  box.append(text.slice(from));
  return box;
}

// A list that grows: `draw` makes one item, a button brings the next `step`.
function growing(list, button, step, draw) {
  let items = [], shown = 0;
  const grow = until => {
    const part = document.createDocumentFragment();
    for (; shown < Math.min(until, items.length); shown += 1) part.append(draw(items[shown]));
    list.append(part);
    button.parentElement.hidden = shown >= items.length;
  };
  button.addEventListener("click", () => grow(shown + step));
  return {
    show(next) { items = next; shown = 0; list.replaceChildren(); grow(step); },
    all() { grow(items.length); },
  };
}
