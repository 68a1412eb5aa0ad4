// What the paper saw at one place of the map, as a numbered disc.

import { css, glassy } from "./colours.js";
import { draw } from "./elements.js";

// `data.pick` goes to its place, `data.read` tells it.
export function mark(sight, number, across, up, data) {
  const [x, y] = [across.place(sight.current), up.place(sight.time)];
  const pick = () => data.pick(sight.current, sight.time);
  return draw(
    "g",
    {
      class: "seen",
      role: "button",
      tabindex: 0,
      "aria-label": `${sight.sentence} Go there.`,
      onkeydown: (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        pick();
      },
      onfocus: () => data.read(sight.sentence),
    },
    draw("circle", {
      class: "disc",
      cx: x,
      cy: y,
      r: 9,
      fill: sight.glassy === null ? "#ffffff" : css(glassy(sight.glassy)),
      stroke: "#ffffff",
      "stroke-width": 2,
    }),
    sight.glassy === null ? halves(sight.between, x, y) : null,
    draw("circle", { cx: x, cy: y, r: 10, fill: "none", stroke: "#1b2330", "stroke-width": 1 }),
    draw(
      "text",
      {
        x,
        y: y + 4,
        "text-anchor": "middle",
        class: sight.glassy !== null && sight.glassy < 0.3 ? "on-dark" : "on-light",
      },
      String(number),
    ),
  );
}

// A ring in two colours, least glassy to the left: nobody measured what lies between.
function halves(between, x, y) {
  if (between === null) return null;
  return between.map((end, i) =>
    draw("path", {
      class: "half",
      d: `M${x} ${y - 8}A8 8 0 0 ${i} ${x} ${y + 8}`,
      fill: "none",
      stroke: css(glassy(end)),
      "stroke-width": 4,
    }),
  );
}
