// The embryos a map expects: share of the plated atoms over embryo size.

import { axes, frame } from "./chart.js";
import { draw } from "./elements.js";
import { figure, percent } from "./numbers.js";
import { linearScale, logScale } from "./scales.js";

const WIDEST_PX = 26;

// Embryos of one size together: {n_atoms, weight}, smallest first.
export function bySize(embryos) {
  const sizes = new Map();
  for (const { design, weight } of embryos) {
    sizes.set(design.n_atoms, (sizes.get(design.n_atoms) ?? 0) + weight);
  }
  return [...sizes]
    .map(([n_atoms, weight]) => ({ n_atoms, weight }))
    .sort((one, other) => one.n_atoms - other.n_atoms);
}

// `data`: sizes (of `bySize`), sampled [smallest, largest] or null.
export function paintEmbryos({ sizes, sampled }, width) {
  const height = Math.round(Math.min(280, Math.max(220, width * 0.6)));
  const box = { left: 40, right: width - 10, top: 26, bottom: height - 46 };
  const [low, high] = [
    Math.min(80, ...sizes.map((each) => each.n_atoms)),
    Math.max(1200, ...sizes.map((each) => each.n_atoms * 1.1)),
  ];
  const across = logScale(low, high, box.left, box.right);
  const most = Math.max(...sizes.map((each) => each.weight));
  const up = linearScale(0, Math.min(1, Math.ceil(most * 5 + 0.2) / 5), box.bottom, box.top);
  const said = sizes.map((each) => `${each.n_atoms} atoms: ${percent(each.weight)}`).join(", ");
  const wide = Math.min(WIDEST_PX, (box.right - box.left) / 14);
  const bars = sizes.map(({ n_atoms, weight }) =>
    draw(
      "rect",
      {
        x: across.place(n_atoms) - wide / 2,
        y: up.place(weight),
        width: wide,
        height: box.bottom - up.place(weight),
        rx: 1.5,
        fill: "var(--grey)",
      },
      draw("title", {}, `${n_atoms} atoms: ${percent(weight)} of the lithium`),
    ),
  );
  const range =
    sampled === null
      ? []
      : [
          draw(
            "rect",
            {
              x: across.place(Math.max(sampled[0], low)),
              y: box.bottom - 3,
              height: 3,
              fill: "var(--ink)",
              width:
                across.place(Math.min(sampled[1], high)) - across.place(Math.max(sampled[0], low)),
            },
            draw("title", {}, `simulated: ${figure(sampled[0])} to ${figure(sampled[1])} atoms`),
          ),
        ];
  return [
    frame(
      width,
      height,
      `Share of the lithium by embryo size: ${said}`,
      ...axes(box, across, up, {
        acrossLabel: "atoms in the embryo",
        upLabel: "share of the lithium",
        saidUp: (tick) => tick.toFixed(1),
      }),
      ...bars,
      ...range,
    ),
  ];
}
