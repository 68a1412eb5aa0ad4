// Spheres without a graphics card: shaded discs, the farthest first.

import { css } from "./colours.js";

const N_TINTS = 24;
const SPRITE_PX = 64;

export function flatRenderer(canvas) {
  const context = canvas.getContext("2d");
  let positions = new Float32Array(0);
  let sizes = positions;
  let tints = [];
  let sprites = new Map();
  return {
    kind: "2D",
    load(places, colours, radii) {
      positions = places;
      sizes = radii;
      sprites = new Map();
      tints = Array.from({ length: places.length / 3 }, (_, i) => {
        const channels = [0, 1, 2].map((k) => Math.round(colours[3 * i + k] * N_TINTS) / N_TINTS);
        const key = channels.join(" ");
        if (!sprites.has(key)) sprites.set(key, sprite(channels.map((channel) => 255 * channel)));
        return key;
      });
    },
    paint({ rotation: r, pixelsPerA, background }) {
      const { width, height } = canvas;
      context.fillStyle = css(background);
      context.fillRect(0, 0, width, height);
      const seen = tints.map((key, i) => {
        const [x, y, z] = positions.subarray(3 * i, 3 * i + 3);
        return {
          key,
          size: 2 * sizes[i] * pixelsPerA,
          x: r[0] * x + r[3] * y + r[6] * z,
          y: r[1] * x + r[4] * y + r[7] * z,
          z: r[2] * x + r[5] * y + r[8] * z,
        };
      });
      seen.sort((one, other) => one.z - other.z);
      for (const { key, size, x, y } of seen) {
        context.drawImage(
          sprites.get(key),
          width / 2 + x * pixelsPerA - size / 2,
          height / 2 - y * pixelsPerA - size / 2,
          size,
          size,
        );
      }
    },
  };
}

function sprite(channels) {
  const canvas = document.createElement("canvas");
  canvas.width = SPRITE_PX;
  canvas.height = SPRITE_PX;
  const context = canvas.getContext("2d");
  const middle = SPRITE_PX / 2;
  const shade = context.createRadialGradient(
    middle * 0.68,
    middle * 0.62,
    2,
    middle,
    middle,
    middle,
  );
  shade.addColorStop(0, css(channels.map((channel) => Math.min(255, channel * 1.15 + 20))));
  shade.addColorStop(0.7, css(channels.map((channel) => channel * 0.78)));
  shade.addColorStop(1, css(channels.map((channel) => channel * 0.4)));
  context.fillStyle = shade;
  context.beginPath();
  context.arc(middle, middle, middle - 0.5, 0, 2 * Math.PI);
  context.fill();
  return canvas;
}
