// A probability or share on a line from 0 to 1: its estimate, its interval, and what the ends mean.

import { frame } from "./chart.js";
import { css } from "./colours.js";
import { draw } from "./elements.js";
import { interval, share } from "./numbers.js";

const HEIGHT = 50;
const BAR = { top: 16, height: 9 };
const N_STOPS = 9;

// `data`: name (of its colours in the page), value, interval, colour (0..1 to channels), ends [at 0, at 1].
export function paintGauge({ name, value, interval: ends, colour, ends: [left, right] }, width) {
  const id = `gauge-${name}`;
  const place = (x) => 2 + x * (width - 4);
  const middle = BAR.top + BAR.height / 2;
  const stops = Array.from({ length: N_STOPS }, (_, i) => i / (N_STOPS - 1)).map((part) =>
    draw("stop", { offset: part, "stop-color": css(colour(part)) }),
  );
  return [
    frame(
      width,
      HEIGHT,
      `${share(value)}, ${interval(ends)}`,
      draw(
        "linearGradient",
        { id, gradientUnits: "userSpaceOnUse", x1: 2, x2: width - 2, y1: 0, y2: 0 },
        stops,
      ),
      draw("rect", {
        x: 2,
        y: BAR.top,
        width: width - 4,
        height: BAR.height,
        rx: 4,
        fill: `url(#${id})`,
        opacity: 0.35,
      }),
      draw("rect", {
        x: place(ends[0]),
        y: BAR.top,
        width: Math.max(2, place(ends[1]) - place(ends[0])),
        height: BAR.height,
        rx: 4,
        fill: `url(#${id})`,
      }),
      ...ends.map((end) =>
        draw("line", {
          class: "axis",
          x1: place(end),
          x2: place(end),
          y1: BAR.top - 4,
          y2: BAR.top + BAR.height + 4,
        }),
      ),
      draw("circle", {
        cx: place(value),
        cy: middle,
        r: 7,
        fill: css(colour(value)),
        stroke: "var(--ink)",
        "stroke-width": 2,
      }),
      draw("text", { class: "soft", x: 2, y: HEIGHT - 6 }, left),
      draw("text", { class: "soft", x: width - 2, y: HEIGHT - 6, "text-anchor": "end" }, right),
    ),
  ];
}
