// Lines of equal value over a rectangular grid, by marching squares.

// `rows[j][i]`, value wanted; returns segments [[i, j], [i, j]] in grid units.
export function contour(rows, wanted) {
  const segments = [];
  for (let j = 0; j + 1 < rows.length; j += 1) {
    for (let i = 0; i + 1 < rows[j].length; i += 1) {
      const crossings = edgesOf(i, j)
        .map(([from, to]) => crossing(rows, from, to, wanted))
        .filter((each) => each !== null);
      for (let n = 0; n + 1 < crossings.length; n += 2)
        segments.push([crossings[n], crossings[n + 1]]);
    }
  }
  return segments;
}

function edgesOf(i, j) {
  return [
    [
      [i, j],
      [i + 1, j],
    ],
    [
      [i + 1, j],
      [i + 1, j + 1],
    ],
    [
      [i, j + 1],
      [i + 1, j + 1],
    ],
    [
      [i, j],
      [i, j + 1],
    ],
  ];
}

function crossing(rows, [i, j], [k, l], wanted) {
  const [a, b] = [rows[j][i], rows[l][k]];
  if (a < wanted === b < wanted) return null;
  const part = (wanted - a) / (b - a);
  return [i + part * (k - i), j + part * (l - j)];
}
