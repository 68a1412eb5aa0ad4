// What a forecast of a deposit says in words, what speaks against it, and what it rests on.
// "Glassy" is the name of a share of disordered atoms; few of them are a glass.

import { facts, make } from "./elements.js";
import { figure, percent } from "./numbers.js";

export function whatOf({ bridge }) {
  return `glassy share: still disordered ${until(bridge)}, mostly an undercooled liquid`;
}

export function sentenceOf(reply, { conditions, capacity_mAh_cm2, glassy_share }) {
  const current = `${figure(conditions.current_density_mA_cm2)} mA/cm²`;
  const time = `${figure(conditions.deposition_time_min)} min`;
  const plated = `${current} for ${time}, ${figure(capacity_mAh_cm2)} mAh/cm²`;
  return (
    `Of the lithium plated at ${plated}, ${percent(glassy_share)} is expected in embryos still ` +
    `disordered ${until(reply.bridge)}. Good for ranking conditions; a deposit waits for minutes.`
  );
}

function until({ kind, horizon_ps }) {
  if (kind === "growth") return "when plating ends, extrapolated from nanoseconds";
  const horizon = horizon_ps ? `${figure(horizon_ps)} ps` : "the whole hold";
  return `${horizon} after the quench of the simulation`;
}

export function doubtsOf(reply, { applicability }) {
  const { numbers } = reply.deposition_map;
  const ofMap = {
    calibrated: [],
    "calibrated elsewhere": [], // its applicability says so first
    "first guess": [capitalised(reply.interval_statement)],
    "cannot fit": ["This map cannot reproduce what the paper saw."],
  }[numbers];
  return {
    is_inside: applicability.is_inside && ofMap.length === 0,
    reasons: [...ofMap, ...applicability.reasons],
  };
}

// Of the mean over draws of the map, from which the share is, and of the map's best numbers.
export function embryosSaid({ embryos, packing_density_g_cm3_range, median_atoms_range }) {
  const packed = new Set(embryos.map(({ design }) => figure(design.packing_density_g_cm3)));
  const ways = new Map();
  for (const { design, weight } of embryos) {
    const way = `mass ${design.mass_exchange}, energy ${design.energy_exchange}`;
    ways.set(way, (ways.get(way) ?? 0) + weight);
  }
  const exchange = [...ways].map(([way, weight]) => `${way} ${percent(weight)}`);
  const drawn = packing_density_g_cm3_range
    ? `Over draws of the map, from which the share is: packed at ${packing_density_g_cm3_range.map((each) => figure(each)).join(" to ")} g/cm³, ` +
      `median size ${median_atoms_range.map((each) => figure(each)).join(" to ")} atoms (5 to 95 %). `
    : "";
  return (
    `By the map’s best numbers, packed at ${[...packed].join(", ")} g/cm³. ${drawn}Exchange: ${exchange.join("; ")}. ` +
    "The line along the axis: sizes that were simulated."
  );
}

export function showGrounds(out, reply, forecast) {
  const map = reply.deposition_map;
  const assumes = make("summary", {}, `What the map “${map.name}” assumes`);
  out.assumed.replaceChildren(
    make("p", {}, map.said),
    make("p", {}, capitalised(reply.statement)),
    make("p", {}, reply.interval_statement),
    make("details", {}, assumes, make("p", {}, map.assumption)),
  );
  const { damkohler } = forecast;
  facts(out.facts, [
    ["Local current density", `${figure(forecast.local_current_density_mA_cm2)} mA/cm²`],
    [
      "Lithium plated",
      `${figure(forecast.deposited_atoms_per_nm2, 6)} atoms/nm² of the collector’s own surface`,
    ],
    ["Outside the simulated sizes", `${percent(forecast.clipped_share)} of the lithium`],
    ["Arrival over waiting", damkohler === null ? null : `${figure(damkohler)} (Damköhler number)`],
    ["Distance from the data", figure(forecast.applicability.distance)],
    ["Model", reply.model.label],
  ]);
}

// Sentences of the server may begin with the name of a field.
function capitalised(sentence) {
  return sentence
    .replace(/^glassy_share/, "The glassy share")
    .replace(/^[a-z]/, (first) => first.toUpperCase());
}
