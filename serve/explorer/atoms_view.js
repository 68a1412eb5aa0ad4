// Atoms in three dimensions: turned by hand or by keyboard, seen from far away (orthographic), so
// that the bar of one nanometre holds everywhere.

import { ordered } from "./colours.js";
import { make } from "./elements.js";
import { flatRenderer } from "./flat_renderer.js";
import { sphereRenderer } from "./sphere_renderer.js";

const RADIUS_A = 1.5;
const SHRUNK_A = 0.45;
const RATHER = 0.5;
const MOST = 0.98;
const NANOMETRE_A = 10;
const START = [0.94, 0.12, -0.33, 0, 0.94, 0.34, 0.35, -0.32, 0.88];
const STEP = Math.PI / 24;
const ZOOM_STEP = 1.15;
const ZOOMS = [0.3, 12];
const RADIANS_PER_PX = 0.008;

export class AtomsView {
  constructor(place) {
    this.canvas = make("canvas", {
      tabindex: 0,
      role: "img",
      "aria-label": "Atoms in three dimensions. Arrows turn, plus and minus zoom.",
    });
    this.bar = make("div", { class: "bar", "aria-hidden": "true" }, "1 nm");
    place.replaceChildren(this.canvas, this.bar);
    this.renderer = sphereRenderer(this.canvas) ?? flatRenderer(this.canvas);
    this.canvas.dataset.renderer = this.renderer.kind;
    this.pointers = new Map();
    this.reset();
    this.listen();
    new ResizeObserver(() => this.fit()).observe(place);
    window
      .matchMedia("(prefers-color-scheme: dark)")
      .addEventListener("change", () => this.paint());
  }

  reset() {
    this.rotation = new Float32Array(orthonormal(START));
    this.zoom = 1;
  }

  // Atoms that are rather not crystalline as dots, so that the others can be seen.
  shrink(isShrunk) {
    this.isShrunk = isShrunk;
    if (this.atoms) this.show(this.atoms);
  }

  // `positions_A` (n lists of three), `p_crystalline` (n, or null), cell and whether it is periodic.
  show(atoms) {
    const { positions_A, p_crystalline, cell_A, is_periodic } = atoms;
    this.atoms = atoms;
    const places = centred(positions_A, is_periodic ? cell_A : null);
    const tint = (_, i) => ordered(p_crystalline?.[i] ?? 0);
    const colours = Float32Array.from(positions_A.flatMap(tint), (channel) => channel / 255);
    const radii = Float32Array.from(positions_A, (_, i) =>
      this.isShrunk && p_crystalline?.[i] < RATHER ? SHRUNK_A : RADIUS_A,
    );
    const distances = farness(places);
    this.depth = RADIUS_A + distances.at(-1);
    // A few atoms that have left do not make all others small.
    this.reach = RADIUS_A + distances[Math.floor(MOST * (distances.length - 1))];
    this.renderer.load(places, colours, radii);
    this.canvas.setAttribute(
      "aria-label",
      `${positions_A.length} atoms in three dimensions. Arrows turn, plus and minus zoom, 0 goes back.`,
    );
    this.fit();
  }

  fit() {
    const scale = window.devicePixelRatio || 1;
    this.canvas.width = Math.max(1, Math.round(this.canvas.clientWidth * scale));
    this.canvas.height = Math.max(1, Math.round(this.canvas.clientHeight * scale));
    this.paint();
  }

  paint() {
    if (!this.reach) return;
    const { width, height } = this.canvas;
    const pixelsPerA = (this.zoom * 0.47 * Math.min(width, height)) / this.reach;
    const background = getComputedStyle(this.canvas.parentElement)
      .backgroundColor.match(/\d+/g)
      .slice(0, 3)
      .map(Number);
    this.renderer.paint({ rotation: this.rotation, pixelsPerA, depthA: this.depth, background });
    this.bar.style.width = `${(NANOMETRE_A * pixelsPerA) / (window.devicePixelRatio || 1)}px`;
  }

  turn(right, up) {
    this.rotation = new Float32Array(orthonormal(product(turned(right, up), this.rotation)));
    this.paint();
  }

  scale(factor) {
    this.zoom = Math.min(Math.max(this.zoom * factor, ZOOMS[0]), ZOOMS[1]);
    this.paint();
  }

  listen() {
    const { canvas, pointers } = this;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, [event.clientX, event.clientY]);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, (event) => pointers.delete(event.pointerId));
    }
    canvas.addEventListener("pointermove", (event) => this.drag(event));
    canvas.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        this.scale(Math.exp(-0.0015 * event.deltaY));
      },
      { passive: false },
    );
    canvas.addEventListener("keydown", (event) => this.press(event));
  }

  drag(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const apart = () => {
      const [[a, b], [c, d]] = [...this.pointers.values()];
      return Math.hypot(a - c, b - d);
    };
    const isPinch = this.pointers.size === 2;
    const was = isPinch ? apart() : 0;
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
    if (isPinch) this.scale(apart() / Math.max(was, 1));
    else
      this.turn(
        (event.clientX - before[0]) * RADIANS_PER_PX,
        (event.clientY - before[1]) * RADIANS_PER_PX,
      );
  }

  press(event) {
    const actions = {
      ArrowLeft: () => this.turn(-STEP, 0),
      ArrowRight: () => this.turn(STEP, 0),
      ArrowUp: () => this.turn(0, -STEP),
      ArrowDown: () => this.turn(0, STEP),
      "+": () => this.scale(ZOOM_STEP),
      "=": () => this.scale(ZOOM_STEP),
      "-": () => this.scale(1 / ZOOM_STEP),
      0: () => {
        this.reset();
        this.paint();
      },
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }
}

// About the middle; of a periodic cell by the circular mean of each axis, so that a droplet is whole
// wherever the edges of its cell cut it (Bai & Breen 2008, doi 10.1080/2151237X.2008.10129266).
function centred(positions, cell) {
  const places = new Float32Array(3 * positions.length);
  for (let axis = 0; axis < 3; axis += 1) {
    const values = positions.map((position) => position[axis]);
    const apart = cell ? unwrapped(values, cell[axis]) : values;
    const mean = apart.reduce((sum, value) => sum + value, 0) / apart.length;
    apart.forEach((value, i) => {
      places[3 * i + axis] = value - mean;
    });
  }
  return places;
}

function unwrapped(values, edge) {
  const angle = (value) => (2 * Math.PI * value) / edge;
  const sum = (of) => values.reduce((total, value) => total + of(angle(value)), 0);
  const middle = (Math.atan2(sum(Math.sin), sum(Math.cos)) / (2 * Math.PI)) * edge;
  return values.map((value) => value - middle - edge * Math.round((value - middle) / edge));
}

// Distances from the middle, rising, Å.
function farness(places) {
  const found = new Float32Array(places.length / 3);
  for (let i = 0; i < found.length; i += 1)
    found[i] = Math.hypot(places[3 * i], places[3 * i + 1], places[3 * i + 2]);
  return found.sort();
}

// Matrices of 3 x 3 by columns, as WebGL takes them.
function turned(right, up) {
  const [c, s, d, t] = [Math.cos(right), Math.sin(right), Math.cos(up), Math.sin(up)];
  return product([1, 0, 0, 0, d, t, 0, -t, d], [c, 0, -s, 0, 1, 0, s, 0, c]);
}

function product(a, b) {
  return Array.from({ length: 9 }, (_, i) => {
    const [row, column] = [i % 3, 3 * Math.floor(i / 3)];
    return a[row] * b[column] + a[row + 3] * b[column + 1] + a[row + 6] * b[column + 2];
  });
}

// Rounding must not shear it after a thousand turns (Gram and Schmidt).
function orthonormal(m) {
  const x = unit([...m.slice(0, 3)]);
  const y0 = [...m.slice(3, 6)];
  const along = x[0] * y0[0] + x[1] * y0[1] + x[2] * y0[2];
  const y = unit(y0.map((value, i) => value - along * x[i]));
  const z = [x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], x[0] * y[1] - x[1] * y[0]];
  return [...x, ...y, ...z];
}

function unit(vector) {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}
