// What the paper saw, gathered by place: several observations are of the same deposit.

import { figure } from "./numbers.js";

// Of the deposits of one electrolyte, by current: {current, time, glassy, between, short, sentence};
// `glassy` is the share the paper names, `between` the ends we read into its words, either may be
// null.
export function sightsOf(observations, electrolyte) {
  const places = new Map();
  for (const observation of observations) {
    for (const conditions of observation.conditions) {
      if ((conditions.electrolyte ?? "baseline") !== electrolyte) continue;
      const { current_density_mA_cm2: current, deposition_time_min: time } = conditions;
      const key = `${current} ${time}`;
      const found = places.get(key) ?? {
        current,
        time,
        glassy: null,
        between: null,
        said: [],
        short: [],
      };
      const { crystalline_share: named, readings, series } = observation;
      if (named !== null) found.glassy ??= 1 - named;
      else if (readings && series !== "electrolyte")
        found.between ??= [1 - readings[1], 1 - readings[0]];
      const { seen, citation } = observation;
      const counted = countedOf(observation);
      found.said.push(`${seen} (${counted && `${counted}, `}${citation})`);
      found.short.push(seen + (counted && ` (${counted})`));
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

// What a number of the paper is a share of: a ribbon with any lattice counts as crystalline, so that
// its two ways of counting give different shares of one deposit.
function countedOf({ crystalline_share: named, series }) {
  if (named !== null) return "share of the area";
  return series === "electrolyte" ? "ribbons without a lattice" : "";
}
