// Elements from data: text is text, never markup.

const SVG = "http://www.w3.org/2000/svg";

export function make(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

export function draw(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined)
      element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

// The places of a view where answers go, by their `data-out`.
export function outlets(root) {
  return Object.fromEntries(
    [...root.querySelectorAll("[data-out]")].map((element) => [element.dataset.out, element]),
  );
}

// Definitions: pairs of a name and a value.
export function facts(list, pairs) {
  list.replaceChildren(
    ...pairs
      .filter(([, value]) => value !== null && value !== undefined)
      .flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]),
  );
}

// What speaks against an answer: the first reason in sight, the others a click away; a quiet word
// where nothing does.
export function doubts(place, { is_inside, reasons }) {
  const [first, ...others] = reasons;
  const more = (said, list) =>
    make(
      "details",
      {},
      make("summary", {}, said),
      make(
        "ul",
        {},
        list.map((reason) => make("li", {}, reason)),
      ),
    );
  if (is_inside) {
    const sound = "Inside what the model was trained on.";
    place.replaceChildren(
      make(
        "div",
        { class: "sound" },
        first ? more(`${sound} ${counted(reasons.length, "note")}.`, reasons) : sound,
      ),
    );
    return;
  }
  place.replaceChildren(
    make(
      "div",
      { class: "doubt" },
      make("p", {}, make("b", {}, "Use with care. "), first),
      others.length ? more(`${counted(others.length, "more reason")}`, others) : null,
    ),
  );
}

function counted(n, what) {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}
