// A forecast of an embryo in numbers, each with what it is an interval of.

import { make } from "./elements.js";
import { figure, interval, percent, share } from "./numbers.js";

// No hold lasts for ever: that a share stays disordered is what the fitted law says beyond it.
const NOT_REACHED = "the model expects fewer to order at all: extrapolated beyond the hold";
const MAY_NOT = "the model expects some to stay disordered: extrapolated beyond the hold";

export function forecastRows({
  p_crystalline,
  p_crystalline_interval,
  incubation_ps,
  incubation_ps_interval,
  crystalline_fraction,
  crystalline_fraction_interval,
  glass_index,
  horizon_ps,
}) {
  return [
    [
      "P(order by the horizon)",
      share(p_crystalline),
      `${interval(p_crystalline_interval)}, what other training data could have said`,
    ],
    [
      "Glass index",
      share(glass_index),
      `P(no order within ${figure(horizon_ps)} ps); not a share of a deposit`,
    ],
    ...[
      ["0.1", "A tenth"],
      ["0.5", "Half"],
      ["0.9", "Nine tenths"],
    ].map(([level, who]) => [
      `${who} of such embryos ordered by`,
      time(incubation_ps[level]),
      whence(incubation_ps[level], horizon_ps),
    ]),
    [
      "One embryo orders",
      between(incubation_ps_interval),
      incubation_ps_interval.includes(null)
        ? `90 %, chance included; ${MAY_NOT}`
        : "90 %, chance included",
    ],
    [
      "Crystalline fraction at the end",
      percent(crystalline_fraction),
      `${interval(crystalline_fraction_interval, percent)} for one embryo; surface atoms count as not crystalline`,
    ],
  ];
}

export function fillTable(table, rows) {
  table.replaceChildren(
    make(
      "tbody",
      {},
      rows.map(([name, value, note]) =>
        make(
          "tr",
          {},
          make("th", { scope: "row" }, name),
          make("td", {}, value, note ? make("small", {}, note) : null),
        ),
      ),
    ),
  );
}

function between([first, last]) {
  if (first === null) return "not reached";
  return last === null
    ? `from ${time(first)} on, or not at all`
    : `from ${time(first)} to ${time(last)}`;
}

function whence(ps, horizon_ps) {
  if (ps === null) return NOT_REACHED;
  return ps > horizon_ps ? "beyond the horizon: extrapolated" : "";
}

// Times are null where the law has that share stay disordered, 0 where it orders in the quench.
function time(ps) {
  if (ps === null) return "not reached";
  return ps === 0 ? "the quench" : `${figure(ps)} ps`;
}
