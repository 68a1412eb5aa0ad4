// The glassy share over current density and plating time, with what the paper saw.

import { axes, frame, pointed } from "./chart.js";
import { css, glassy } from "./colours.js";
import { contour } from "./contour.js";
import { draw, make } from "./elements.js";
import { hatched, MUCH_CLIPPED } from "./hatch.js";
import { figure, percent, share } from "./numbers.js";
import { linearScale, logScale } from "./scales.js";
import { mark } from "./seen_disc.js";

const BAR = { width: 12, gap: 14 };
const FINE = 4;
const NEAR_PX = 13;

// `data`: surface (of the server), point {current, time}, capacity (dashed line), line (a share),
// sights (of `sightsOf`), pick(current, time), read(sentence).
export function paintMap(data, width) {
  const height = Math.round(Math.min(440, Math.max(300, width * 0.56)));
  const box = { left: 48, right: width - 62, top: 26, bottom: height - 46 };
  const currents = data.surface.current_density_mA_cm2;
  const times = data.surface.deposition_time_min;
  const across = logScale(currents[0], currents.at(-1), box.left, box.right);
  const up = logScale(times[0], times.at(-1), box.bottom, box.top);
  const rows = refined(data.surface.glassy_share, FINE);
  const clipped = refined(data.surface.clipped_share, FINE);
  const svg = frame(
    width,
    height,
    "Glassy share over current density and plating time",
    ...axes(box, across, up, {
      acrossLabel: "current density, mA/cm²",
      upLabel: "plating time, min",
      said: (tick) => figure(tick),
      grid: false,
    }),
    draw(
      "clipPath",
      { id: "map-inside" },
      draw("rect", {
        x: box.left,
        y: box.top,
        width: box.right - box.left,
        height: box.bottom - box.top,
      }),
    ),
    draw(
      "g",
      { "clip-path": "url(#map-inside)" },
      ...hatched(clipped, box),
      ...shareLine(rows, data.line, box),
      ...capacityLine(data.capacity, currents, across, up),
    ),
    ...colourBar(box, data.line),
    ...data.sights.map((sight, number) => mark(sight, number + 1, across, up, data)),
    ...here(data.point, across, up, box),
  );
  listen(svg, data, { across, up, box, rows, clipped });
  return [canvas(rows, box), svg];
}

// A grid with `n` steps for each of its own, linear in between: rows of times, columns of currents.
function refined(rows, n) {
  const wide = rows.map((row) => finer(row, n, (a, b, part) => a + part * (b - a)));
  return finer(wide, n, (a, b, part) => a.map((value, i) => value + part * (b[i] - value)));
}

function finer(list, n, mix) {
  const found = [];
  for (let i = 0; i + 1 < list.length; i += 1) {
    for (let step = 0; step < n; step += 1) found.push(mix(list[i], list[i + 1], step / n));
  }
  return [...found, list.at(-1)];
}

function canvas(rows, box) {
  const [wide, high] = [rows[0].length, rows.length];
  const element = make("canvas", { width: wide, height: high, "aria-hidden": "true" });
  const context = element.getContext("2d");
  const image = context.createImageData(wide, high);
  const downwards = rows.toReversed().flat();
  image.data.set(downwards.flatMap((value) => [...glassy(value), 255]));
  context.putImageData(image, 0, 0);
  element.style.left = `${box.left}px`;
  element.style.top = `${box.top}px`;
  element.style.width = `${box.right - box.left}px`;
  element.style.height = `${box.bottom - box.top}px`;
  return element;
}

function shareLine(rows, wanted, box) {
  const x = linearScale(0, rows[0].length - 1, box.left, box.right);
  const y = linearScale(0, rows.length - 1, box.bottom, box.top);
  const path = contour(rows, wanted)
    .map(([[a, b], [c, d]]) => `M${x.place(a)} ${y.place(b)}L${x.place(c)} ${y.place(d)}`)
    .join("");
  return path
    ? [
        draw("path", {
          class: "share-line",
          d: path,
          fill: "none",
          stroke: "#1b2330",
          "stroke-width": 1.6,
        }),
      ]
    : [];
}

function capacityLine(capacity, currents, across, up) {
  const place = (current) => `${across.place(current)} ${up.place((60 * capacity) / current)}`;
  return [
    draw("path", {
      d: `M${place(currents[0])}L${place(currents.at(-1))}`,
      fill: "none",
      stroke: "#1b2330",
      "stroke-dasharray": "2 4",
      opacity: 0.7,
    }),
  ];
}

function colourBar(box, line) {
  const x = box.right + BAR.gap;
  const up = linearScale(0, 1, box.bottom, box.top);
  const stops = Array.from({ length: 9 }, (_, i) =>
    draw("stop", { offset: i / 8, "stop-color": css(glassy(i / 8)) }),
  );
  return [
    draw("linearGradient", { id: "map-colours", x1: 0, x2: 0, y1: 1, y2: 0 }, stops),
    draw("rect", {
      x,
      y: box.top,
      width: BAR.width,
      height: box.bottom - box.top,
      fill: "url(#map-colours)",
      rx: 2,
    }),
    ...[0, 0.25, 0.5, 0.75, 1].map((tick) =>
      draw("text", { class: "soft", x: x + BAR.width + 5, y: up.place(tick) + 4 }, String(tick)),
    ),
    draw("text", { x: x + BAR.width, y: box.top - 10, "text-anchor": "middle" }, "glassy"),
    draw("line", {
      x1: x - 3,
      x2: x + BAR.width + 3,
      y1: up.place(line),
      y2: up.place(line),
      stroke: "var(--ink)",
      "stroke-width": 1.6,
    }),
  ];
}

function here({ current, time }, across, up, box) {
  const [x, y] = [across.place(current), up.place(time)];
  const isOn = x >= box.left - 1 && x <= box.right + 1 && y >= box.top - 1 && y <= box.bottom + 1;
  if (!isOn) return [];
  const ring = (r, stroke, wide) =>
    draw("circle", { cx: x, cy: y, r, fill: "none", stroke, "stroke-width": wide });
  return [
    draw(
      "g",
      { class: "here", "pointer-events": "none" },
      ring(14, "#ffffff", 4),
      ring(14, "#1b2330", 2),
    ),
  ];
}

function extrapolated(clipped) {
  return clipped > MUCH_CLIPPED
    ? `, ${percent(clipped)} of the atoms in embryos outside what was simulated`
    : "";
}

function listen(svg, data, { across, up, box, rows, clipped }) {
  const place = (event) => {
    const [x, y] = pointed(event, svg);
    const isInside = x >= box.left && x <= box.right && y >= box.top && y <= box.bottom;
    return isInside ? { x, y } : null;
  };
  const sightAt = ({ x, y }) =>
    data.sights.find(
      (each) => Math.hypot(across.place(each.current) - x, up.place(each.time) - y) < NEAR_PX,
    );
  svg.addEventListener("pointermove", (event) => {
    const at = place(event);
    if (at === null) return;
    const sight = sightAt(at);
    const i = Math.round(((at.x - box.left) / (box.right - box.left)) * (rows[0].length - 1));
    const j = Math.round(((box.bottom - at.y) / (box.bottom - box.top)) * (rows.length - 1));
    data.read(
      sight
        ? sight.sentence
        : `${figure(across.value(at.x), 2)} mA/cm² for ${figure(up.value(at.y), 2)} min: glassy share ${share(rows[j][i])} on average${extrapolated(clipped[j][i])}.`,
    );
  });
  svg.addEventListener("pointerleave", () => data.read(""));
  svg.addEventListener("click", (event) => {
    const at = place(event);
    if (at === null) return;
    const sight = sightAt(at);
    if (sight) data.pick(sight.current, sight.time);
    else
      data.pick(Number(across.value(at.x).toPrecision(2)), Number(up.value(at.y).toPrecision(2)));
  });
}
