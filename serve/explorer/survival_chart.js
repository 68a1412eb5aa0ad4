// P(still disordered) over the hold clock, with its 90 % band.

import { axes, frame, pointed } from "./chart.js";
import { draw } from "./elements.js";
import { figure, interval, share } from "./numbers.js";
import { linearScale } from "./scales.js";

// `data`: survival, horizon_ps, label of the clock, and `read(sentence)` for what a pointer finds.
export function paintSurvival({ survival, horizon_ps, clock, read }, width) {
  const height = Math.round(Math.min(340, Math.max(230, width * 0.42)));
  const box = { left: 40, right: width - 14, top: 26, bottom: height - 46 };
  const across = linearScale(0, horizon_ps, box.left, box.right);
  const up = linearScale(0, 1, box.bottom, box.top);
  const line = (values) =>
    values.map((value, i) => `${across.place(survival.time_ps[i])} ${up.place(value)}`);
  const band = [...line(survival.upper), ...line(survival.lower).reverse()];
  const marker = draw("line", { class: "axis", y1: box.top, y2: box.bottom, visibility: "hidden" });
  const svg = frame(
    width,
    height,
    `Probability of being still disordered: ${at(survival, horizon_ps)}`,
    ...axes(box, across, up, {
      acrossLabel: clock,
      upLabel: "P(still disordered)",
      said: (tick) => figure(tick),
      saidUp: (tick) => tick.toFixed(1),
    }),
    draw("path", { d: `M${band.join("L")}Z`, fill: "var(--blue)", opacity: 0.2 }),
    draw("path", {
      d: `M${line(survival.probability).join("L")}`,
      fill: "none",
      stroke: "var(--blue)",
      "stroke-width": 2,
    }),
    draw(
      "text",
      {
        class: "soft halo",
        x: box.right,
        y: up.place(survival.upper.at(-1)) - 8,
        "text-anchor": "end",
      },
      "90 % band",
    ),
    marker,
  );
  svg.addEventListener("pointermove", (event) => {
    const [x] = pointed(event, svg);
    const time = Math.min(Math.max(across.value(x), 0), horizon_ps);
    for (const end of ["x1", "x2"]) marker.setAttribute(end, across.place(time));
    marker.setAttribute("visibility", "visible");
    read(at(survival, time));
  });
  svg.addEventListener("pointerleave", () => {
    marker.setAttribute("visibility", "hidden");
    read(at(survival, horizon_ps));
  });
  read(at(survival, horizon_ps));
  return [svg];
}

function at(survival, time) {
  const [value, low, high] = ["probability", "lower", "upper"].map((name) =>
    between(survival.time_ps, survival[name], time),
  );
  return `At ${figure(time)} ps: ${share(value)} (${interval([low, high])}).`;
}

function between(times, values, time) {
  const after = times.findIndex((each) => each >= time);
  if (after <= 0) return values[Math.max(after, 0)];
  const part = (time - times[after - 1]) / (times[after] - times[after - 1]);
  return values[after - 1] + part * (values[after] - values[after - 1]);
}
