// How crystalline the atoms are: a histogram that is its own legend.

import { frame } from "./chart.js";
import { css, ordered } from "./colours.js";
import { draw } from "./elements.js";
import { share } from "./numbers.js";

const N_BINS = 20;
const HEIGHT = 96;
const BAR = { top: 6, bottom: 54, strip: 8 };

// `p_crystalline`: of each atom.
export function paintLegend(p_crystalline, width) {
  const counts = Array(N_BINS).fill(0);
  for (const p of p_crystalline) counts[Math.min(N_BINS - 1, Math.floor(p * N_BINS))] += 1;
  const most = Math.max(...counts);
  const step = width / N_BINS;
  const mean = p_crystalline.reduce((sum, p) => sum + p, 0) / p_crystalline.length;
  const bars = counts.flatMap((count, i) => {
    const height = ((BAR.bottom - BAR.top) * count) / most;
    const fill = css(ordered((i + 0.5) / N_BINS));
    return [
      draw(
        "rect",
        {
          x: i * step + 0.5,
          y: BAR.bottom - height,
          width: step - 1,
          height,
          fill,
          stroke: "var(--grey)",
          "stroke-width": 0.5,
        },
        draw(
          "title",
          {},
          `${count} atoms between ${share(i / N_BINS)} and ${share((i + 1) / N_BINS)}`,
        ),
      ),
      draw("rect", { x: i * step, y: BAR.bottom + 1, width: step + 0.5, height: BAR.strip, fill }),
    ];
  });
  return [
    frame(
      width,
      HEIGHT,
      `P(crystalline) of the atoms, on average ${share(mean)}`,
      ...bars,
      draw("text", { class: "soft", x: 0, y: HEIGHT - 16 }, "0: disordered"),
      draw(
        "text",
        { x: width / 2, y: HEIGHT - 16, "text-anchor": "middle" },
        `P(crystalline) of each atom; mean ${share(mean)}`,
      ),
      draw(
        "text",
        { class: "soft", x: width, y: HEIGHT - 16, "text-anchor": "end" },
        "1: crystalline",
      ),
    ),
  ];
}
