// A drawing that is made anew whenever its data or the width of its place change.

import { draw } from "./elements.js";

export class Chart {
  #place;
  #paint;
  #data = null;
  #width = 0;

  // `paint(data, width)` returns the nodes of the drawing.
  constructor(place, paint) {
    this.#place = place;
    this.#paint = paint;
    new ResizeObserver(([entry]) => {
      const width = Math.round(entry.contentRect.width);
      if (width === this.#width) return;
      this.#width = width;
      this.#update();
    }).observe(place);
  }

  show(data) {
    this.#data = data;
    this.#width ||= Math.round(this.#place.clientWidth);
    this.#update();
  }

  clear() {
    this.#data = null;
    this.#place.replaceChildren();
  }

  #update() {
    if (this.#data !== null && this.#width > 0) {
      this.#place.replaceChildren(...this.#paint(this.#data, this.#width));
    }
  }
}

export function frame(width, height, title, ...children) {
  return draw(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title },
    ...children,
  );
}

// Ticks, labels and grid of a chart: `box` has left, right, top and bottom.
export function axes(
  box,
  across,
  up,
  { acrossLabel, upLabel, said = String, saidUp = said, grid = true },
) {
  const parts = [];
  for (const tick of across.ticks) {
    const x = across.place(tick);
    if (grid)
      parts.push(draw("line", { class: "grid", x1: x, x2: x, y1: box.top, y2: box.bottom }));
    else
      parts.push(draw("line", { class: "axis", x1: x, x2: x, y1: box.bottom, y2: box.bottom + 4 }));
    parts.push(
      draw("text", { class: "soft", x, y: box.bottom + 18, "text-anchor": "middle" }, said(tick)),
    );
  }
  for (const tick of up.ticks) {
    const y = up.place(tick);
    if (grid)
      parts.push(draw("line", { class: "grid", x1: box.left, x2: box.right, y1: y, y2: y }));
    else parts.push(draw("line", { class: "axis", x1: box.left - 4, x2: box.left, y1: y, y2: y }));
    parts.push(
      draw(
        "text",
        { class: "soft", x: box.left - 8, y: y + 4, "text-anchor": "end" },
        saidUp(tick),
      ),
    );
  }
  parts.push(
    draw("path", { class: "axis", d: `M${box.left} ${box.top}V${box.bottom}H${box.right}` }),
    draw(
      "text",
      { x: (box.left + box.right) / 2, y: box.bottom + 38, "text-anchor": "middle" },
      acrossLabel,
    ),
    draw("text", { x: box.left, y: box.top - 10, "text-anchor": "start" }, upLabel),
  );
  return parts;
}

// Where a pointer is, in the units of a drawing that fills its place.
export function pointed(event, svg) {
  const seen = svg.getBoundingClientRect();
  const width = svg.viewBox.baseVal.width;
  const scale = width / seen.width;
  return [(event.clientX - seen.left) * scale, (event.clientY - seen.top) * scale];
}
