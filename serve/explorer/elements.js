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
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
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
    ...pairs.filter(([, value]) => value !== null && value !== undefined)
      .flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]),
  );
}

// What speaks against an answer; a quiet word where nothing does.
export function doubts(place, applicability, sound, heading) {
  const { is_inside, reasons } = applicability;
  if (is_inside && reasons.length === 0) {
    place.replaceChildren(make("p", { class: "sound" }, sound));
    return;
  }
  const list = make("ul", {}, reasons.map((reason) => make("li", {}, reason)));
  place.replaceChildren(
    is_inside
      ? make("details", {}, make("summary", {}, `${sound} ${reasons.length === 1 ? "One note." : `${reasons.length} notes.`}`), list)
      : make("div", { class: "doubt" }, make("b", {}, heading), list),
  );
}
