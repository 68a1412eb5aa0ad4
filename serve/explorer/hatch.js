// Where a map shows more than was simulated.

import { draw } from "./elements.js";

// Share of the atoms in embryos outside what was simulated, above which a place is hatched.
export const MUCH_CLIPPED = 0.05;

const HATCH_PX = 7;

// `clipped[j][i]`: that share, over the places of a map whose first row is the lowest.
export function hatched(clipped, box) {
  const wide = (box.right - box.left) / clipped[0].length;
  const high = (box.bottom - box.top) / clipped.length;
  const stripes = clipped.flatMap((row, j) =>
    runs(row).map(
      ([first, end]) =>
        `M${box.left + first * wide} ${box.bottom - j * high}h${(end - first) * wide}v${-high}H${box.left + first * wide}z`,
    ),
  );
  const line = (stroke, x) =>
    draw("line", { x1: x, x2: x, y1: 0, y2: HATCH_PX, stroke, "stroke-width": 1 });
  return [
    draw(
      "pattern",
      {
        id: "map-hatch",
        width: HATCH_PX,
        height: HATCH_PX,
        patternUnits: "userSpaceOnUse",
        patternTransform: "rotate(45)",
      },
      line("rgb(255 255 255 / 60%)", 1),
      line("rgb(27 35 48 / 45%)", 2),
    ),
    draw("path", { class: "hatch", d: stripes.join(""), fill: "url(#map-hatch)" }),
  ];
}

// Where a row is above the limit: pairs of the first cell and the one after the last.
function runs(row) {
  const found = [];
  for (const [i, value] of row.entries()) {
    if (value <= MUCH_CLIPPED) continue;
    if (found.at(-1)?.[1] === i) found.at(-1)[1] = i + 1;
    else found.push([i, i + 1]);
  }
  return found;
}
