// Between the form of the structure view and the server's, a form of several parts.

import { typed } from "./numbers.js";

// All that is asked but the file.
export function questionOf(values) {
  const design = {
    energy_exchange: values.energy_exchange,
    hold_temperature_K: typed(values.hold_temperature_K),
  };
  if (values.mass_exchange !== "file") design.mass_exchange = values.mass_exchange;
  if (typed(values.packing_density_g_cm3) !== null)
    design.packing_density_g_cm3 = typed(values.packing_density_g_cm3);
  return {
    design,
    format: values.format || null,
    horizon_ps: typed(values.horizon_ps),
    stage: values.stage || null,
    time_ps: values.stage === "hold" ? typed(values.time_ps) : null,
  };
}

const AS_THEY_ARE = ["file", "format", "stage"];

// Names and values of the parts. All others are JSON.
export function partsOf(question) {
  return Object.entries(question)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => [name, AS_THEY_ARE.includes(name) ? value : JSON.stringify(value)]);
}

export function formOf(question) {
  const form = new FormData();
  for (const [name, value] of partsOf(question)) form.append(name, value);
  return form;
}
