// From quantities to pixels and back, linear and logarithmic, with the ticks that suit.

const TICKS_EVERY_PX = 55;

export function logScale(low, high, from, to) {
  const [a, b] = [Math.log(low), Math.log(high)];
  return {
    place: (value) => from + ((Math.log(value) - a) / (b - a)) * (to - from),
    value: (place) => Math.exp(a + ((place - from) / (to - from)) * (b - a)),
    ticks: logTicks(low, high, Math.abs(to - from)),
  };
}

export function linearScale(low, high, from, to) {
  return {
    place: (value) => from + ((value - low) / (high - low)) * (to - from),
    value: (place) => low + ((place - from) / (to - from)) * (high - low),
    ticks: linearTicks(low, high, Math.max(2, Math.round(Math.abs(to - from) / TICKS_EVERY_PX))),
  };
}

function logTicks(low, high, pixels) {
  const decades = Math.log10(high / low);
  const steps = pixels / decades > 130 ? [1, 2, 5] : [1];
  const found = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
    for (const step of steps) {
      const tick = Number((step * 10 ** power).toPrecision(3));
      if (tick >= low * 0.999 && tick <= high * 1.001) found.push(tick);
    }
  }
  return found;
}

function linearTicks(low, high, n) {
  const rough = (high - low) / n;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((each) => each * power >= rough) * power;
  const found = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step * 1e-6; tick += step) {
    found.push(Number(tick.toPrecision(6)));
  }
  return found;
}
