// Between the deposition form and the server's messages.

import { typed } from "./numbers.js";

const MIN_PER_H = 60;

// Up to 100 mAh/cm², the most a field of the form offers.
const CURRENTS = { min: 0.05, max: 5 };
const TIMES = { min: 0.5, max: 1200 };

const POINTS = { current_density_mA_cm2: 19, deposition_time_min: 17 };
// Embryos followed while they grow cost more: the server takes 64 points at most.
const POINTS_GROWN = { current_density_mA_cm2: 8, deposition_time_min: 8 };

export const capacityOf = (current, time) => (current * time) / MIN_PER_H;
export const timeOf = (current, capacity) => (capacity / current) * MIN_PER_H;

// What is set at the bench but for current and time.
function surroundings(values) {
  const electrolyte =
    values.electrolyte === "own"
      ? { openness: typed(values.openness) }
      : { electrolyte: values.electrolyte };
  return {
    area_factor: typed(values.area_factor),
    area_factor_spread: typed(values.area_factor_spread),
    temperature_K: typed(values.temperature_K),
    ...electrolyte,
  };
}

// Of time and capacity the one that was set is sent, the other follows at the server.
function plating(values) {
  const given = values.kept === "capacity" ? "capacity_mAh_cm2" : "deposition_time_min";
  return {
    current_density_mA_cm2: typed(values.current_density_mA_cm2),
    [given]: typed(values[given]),
  };
}

export function assumptions(values) {
  const chosen = { deposition_map: values.deposition_map };
  if (values.clock === "growth") return { ...chosen, bridge: { kind: "growth" } };
  if (values.clock === "own") return chosen;
  return { ...chosen, horizon_ps: Number(values.clock) };
}

export function predictBody(values) {
  return { conditions: [{ ...plating(values), ...surroundings(values) }], ...assumptions(values) };
}

export function surfaceBody(values) {
  const points = values.clock === "growth" ? POINTS_GROWN : POINTS;
  const axis = (name, ends) => ({ [name]: { ...ends, n: points[name] } });
  return {
    conditions: surroundings(values),
    ...assumptions(values),
    ...axis("current_density_mA_cm2", CURRENTS),
    ...axis("deposition_time_min", TIMES),
  };
}

// A search over current and time, all else as it is set.
export function searchBody(values, wanted) {
  const fixed = (name) => ({ min: typed(values[name]), max: typed(values[name]) });
  const electrolyte =
    values.electrolyte === "own"
      ? { openness: fixed("openness") }
      : { electrolyte: values.electrolyte };
  return {
    objective: "fastest_plating",
    min_glassy_share: typed(wanted.min_glassy_share),
    confidence: typed(wanted.confidence),
    min_capacity_mAh_cm2: typed(wanted.min_capacity_mAh_cm2),
    n_trials: typed(wanted.n_trials),
    area_factor: fixed("area_factor"),
    area_factor_spread: fixed("area_factor_spread"),
    temperature_K: fixed("temperature_K"),
    ...electrolyte,
    ...assumptions(values),
  };
}
