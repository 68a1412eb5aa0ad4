// What the paper saw, gathered by place: several observations are of the same deposit.

import { figure } from "./numbers.js";

// Of the deposits of one electrolyte: {current, time, glassy (0..1 or null), sentence}, by current.
export function sightsOf(observations, electrolyte) {
  const places = new Map();
  for (const observation of observations) {
    for (const conditions of observation.conditions) {
      if ((conditions.electrolyte ?? "baseline") !== electrolyte) continue;
      const { current_density_mA_cm2: current, deposition_time_min: time } = conditions;
      const key = `${current} ${time}`;
      const found = places.get(key) ?? { current, time, glassy: null, said: [], short: [] };
      // A count of ribbons is another observable than a share of the area.
      const isArea = observation.readings && observation.series !== "electrolyte";
      if (isArea) found.glassy ??= 1 - (observation.readings[0] + observation.readings[1]) / 2;
      found.said.push(`${observation.seen} (${observation.citation})`);
      found.short.push(observation.seen);
      places.set(key, found);
    }
  }
  return [...places.values()]
    .sort((one, other) => one.current - other.current || one.time - other.time)
    .map(({ said, short, ...place }) => ({
      ...place,
      short: short.join(", "),
      sentence: `Seen at ${figure(place.current)} mA/cm² for ${figure(place.time)} min: ${said.join("; ")}.`,
    }));
}
