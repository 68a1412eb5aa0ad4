// What becomes of an embryo, as parts of one bar: order in the quench, order later, none by the horizon.

import { frame } from "./chart.js";
import { css, ordered } from "./colours.js";
import { draw, make } from "./elements.js";
import { percent } from "./numbers.js";

const HEIGHT = 24;

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
  let x = 0;
  const parts = outcomes.map(({ share, colour }) => {
    const length = share * width;
    const part = draw("rect", {
      x,
      y: 2,
      width: Math.max(0, length - 1),
      height: HEIGHT - 6,
      fill: colour,
      rx: 2,
    });
    x += length;
    return part;
  });
  const said = outcomes.map(({ name, share }) => `${percent(share)} ${name}`);
  return [
    frame(width, HEIGHT, said.join(", "), ...parts),
    make(
      "ul",
      { class: "key" },
      outcomes.map(({ colour }, i) => {
        const dot = make("i");
        dot.style.background = colour;
        return make("li", {}, dot, said[i]);
      }),
    ),
  ];
}
