// What becomes of an embryo, as parts of one bar: order in the quench, order later, none by the horizon.

import { frame } from "./chart.js";
import { css, ordered } from "./colours.js";
import { draw } from "./elements.js";
import { percent } from "./numbers.js";

const HEIGHT = 50;
const BAR = { top: 10, height: 18 };
const READABLE_PX = 110;

export function outcomesOf({ survival }) {
  const [start, end] = [survival.probability[0], survival.probability.at(-1)];
  return [
    { name: "ordered in the quench", share: 1 - start, colour: css(ordered(1)) },
    { name: "ordered later", share: start - end, colour: css(ordered(0.5)) },
    { name: "still disordered", share: end, colour: css(ordered(0)) },
  ];
}

// `outcomes`: name, share and colour; shares sum to 1.
export function paintOutcomes(outcomes, width) {
  const parts = [];
  let x = 0;
  for (const { name, share, colour } of outcomes) {
    const length = share * width;
    parts.push(draw("rect", { x, y: BAR.top, width: Math.max(0, length - 1), height: BAR.height, fill: colour, rx: 2 }));
    if (length > READABLE_PX) {
      parts.push(draw("text", { class: "soft", x: x + 1, y: HEIGHT - 5 }, `${percent(share)} ${name}`));
    } else if (length > 40) {
      parts.push(draw("text", { class: "soft", x: x + 1, y: HEIGHT - 5 }, percent(share)));
    }
    x += length;
  }
  const said = outcomes.map(({ name, share }) => `${percent(share)} ${name}`).join(", ");
  return [frame(width, HEIGHT, said, draw("title", {}, said), ...parts)];
}
