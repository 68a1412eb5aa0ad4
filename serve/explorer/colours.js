// Colours that carry a value.

// Crystalline blue to glassy amber: that of the search's report.
const GLASSY = ["#3b4a9c", "#3f8fc0", "#69b9a0", "#c9cf6a", "#f0a63a"].map(channels);

// Disordered grey to crystalline blue: those of the pictures of embryos.
const ORDERED = ["#c9ced6", "#8fb2d9", "#2f78c4"].map(channels);

export const glassy = (value) => between(GLASSY, value);
export const ordered = (value) => between(ORDERED, value);
export const css = ([red, green, blue]) =>
  `rgb(${Math.round(red)} ${Math.round(green)} ${Math.round(blue)})`;

function channels(hex) {
  return [1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16));
}

function between(stops, value) {
  const place = Math.min(Math.max(value, 0), 1) * (stops.length - 1);
  const below = Math.min(Math.floor(place), stops.length - 2);
  const part = place - below;
  return stops[below].map((channel, i) => channel + part * (stops[below + 1][i] - channel));
}
