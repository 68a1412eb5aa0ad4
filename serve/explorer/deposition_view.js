// Conditions at the bench, and the glassy share that a model and a map say of them.

import { get, path, post } from "./ask.js";
import { Chart } from "./chart.js";
import { glassy } from "./colours.js";
import { capacityOf, predictBody, surfaceBody, timeOf } from "./conditions.js";
import { doubts, facts, make, outlets } from "./elements.js";
import { bySize, paintEmbryos } from "./embryo_bars.js";
import { clearComplaints, complain, field, fill, read } from "./forms.js";
import { paintGauge } from "./gauge.js";
import { Latest } from "./latest.js";
import { figure, interval, percent, share, typed } from "./numbers.js";
import { SearchPanel } from "./search_panel.js";
import { paintMap } from "./share_map.js";
import { sightsOf } from "./sights.js";
import { curlOf, take } from "./take.js";

const CURRENT = "current_density_mA_cm2";
const TIME = "deposition_time_min";
const CAPACITY = "capacity_mAh_cm2";
const PREDICT = "v1/deposition/predict";
const SURFACE = "v1/deposition/surface";
const USUAL_LINE = 0.5;

export class DepositionView {
  constructor(root, shell) {
    this.root = root;
    this.shell = shell;
    this.form = root.querySelector("form.controls");
    this.out = outlets(root);
    this.known = { observations: [] };
    this.surface = null;
    this.asked = {};
    this.gauge = new Chart(this.out.gauge, paintGauge);
    this.map = new Chart(this.out.map, paintMap);
    this.bars = new Chart(this.out.embryos, paintEmbryos);
    this.predictions = new Latest(
      (body, signal) => post(PREDICT, body, signal),
      (reply, body) => this.showReply(reply, body),
      (error) => this.showError(error),
    );
    this.surfaces = new Latest(
      (body, signal) => post(SURFACE, body, signal),
      (surface) => this.showSurface(surface),
      (error) => this.showError(error),
    );
    this.search = new SearchPanel(root.querySelector("#search"), {
      values: () => read(this.form),
      use: (values) => this.use(values),
    });
    root.addEventListener("input", (event) => {
      const { target } = event;
      const isOurs = target.form === this.form || this.form.contains(target);
      if (isOurs) this.changed(target.name || target.closest("quantity-field").getAttribute("name"));
    });
    this.form.addEventListener("submit", (event) => event.preventDefault());
  }

  // Ask the server what there is; again for another model.
  async start() {
    this.known = await get(path("v1/deposition/maps"));
    this.offerMaps(this.known.maps);
    const [low, high] = this.known.temperature_K;
    field(this.form, "temperature_K").limit(Math.ceil(low), Math.floor(high));
    this.asked = {};
  }

  offerMaps(maps) {
    const chosen = this.form.elements.namedItem("deposition_map")?.value;
    const choice = this.root.querySelector("#map-choice");
    const options = maps.map(({ name, numbers }, i) => make("label", {},
      make("input", { type: "radio", form: "plating", name: "deposition_map", value: name, checked: chosen ? name === chosen : i === 0 }),
      `${name} `, make("small", {}, `(${numbers})`)));
    choice.replaceChildren(choice.firstElementChild, ...options);
  }

  values() {
    return read(this.form);
  }

  show(values) {
    fill(this.form, values);
    this.follow(null);
    this.update();
  }

  use(values) {
    fill(this.form, values);
    this.follow(values.kept === "time" ? TIME : CAPACITY);
    this.update();
  }

  changed(name) {
    this.follow(name);
    this.update();
  }

  // Of time and capacity the one touched last is kept, the other follows.
  follow(name) {
    const elements = this.form.elements;
    if (name === TIME) elements.kept.value = "time";
    if (name === CAPACITY) elements.kept.value = "capacity";
    const isTimeKept = elements.kept.value === "time";
    const current = field(this.form, CURRENT).value;
    const [kept, follows] = isTimeKept ? [TIME, CAPACITY] : [CAPACITY, TIME];
    const given = field(this.form, kept).value;
    if (typeof current === "number" && current > 0 && typeof given === "number") {
      field(this.form, follows).value = (isTimeKept ? capacityOf : timeOf)(current, given);
    }
    field(this.form, kept).classList.remove("follows");
    field(this.form, follows).classList.add("follows");
    field(this.form, "openness").hidden = elements.electrolyte.value !== "own";
  }

  update() {
    const values = this.values();
    this.shell.settled("deposition", values);
    const body = surfaceBody(values);
    if (this.isNew("surface", body)) {
      this.out.map.classList.add("waiting");
      this.surfaces.want(body);
    }
    const question = predictBody(values);
    if (this.isNew("forecast", question)) this.predictions.want(question);
    this.showMap();
  }

  isNew(kind, body) {
    const before = this.asked[kind];
    this.asked[kind] = JSON.stringify(body);
    return this.asked[kind] !== before;
  }

  showReply(reply, body) {
    clearComplaints(this.form);
    this.shell.trouble("");
    const [forecast] = reply.forecasts;
    const { glassy_share, glassy_share_interval } = forecast;
    this.out.share.textContent = share(glassy_share);
    this.out.interval.textContent = interval(glassy_share_interval);
    this.gauge.show({ name: "glassy", value: glassy_share, interval: glassy_share_interval, colour: glassy, ends: ["0: all ordered", "1: all still disordered"] });
    this.out.sentence.textContent = sentenceOf(reply, forecast);
    this.showDoubts(reply, forecast);
    this.showEmbryos(forecast);
    this.showGrounds(reply, forecast);
    this.out.limits.replaceChildren(...reply.limits.map((each) => make("li", {}, each)));
    take(this.out.take, { curl: curlOf(PREDICT, body), answer: reply, link: () => this.shell.link("deposition", this.values()) });
    this.shell.say(`Glassy share ${share(glassy_share)}, ${interval(glassy_share_interval)}.`);
    this.showMap();
  }

  showDoubts(reply, { applicability }) {
    const { numbers } = reply.deposition_map;
    const reasons = [...applicability.reasons];
    if (numbers === "first guess") {
      reasons.unshift(capitalised(reply.interval_statement));
    }
    if (numbers === "cannot fit") reasons.unshift("This map cannot reproduce what the paper saw.");
    const is_inside = applicability.is_inside && numbers === "calibrated";
    doubts(this.out.doubts, { is_inside, reasons });
  }

  showEmbryos({ embryos }) {
    this.bars.show({ sizes: bySize(embryos), sampled: this.shell.model?.design_ranges?.n_atoms ?? null });
    const densities = [...new Set(embryos.map((each) => figure(each.design.packing_density_g_cm3)))];
    const ways = new Map();
    for (const { design, weight } of embryos) {
      const way = `mass ${design.mass_exchange}, energy ${design.energy_exchange}`;
      ways.set(way, (ways.get(way) ?? 0) + weight);
    }
    this.out["embryos-said"].replaceChildren(
      make("p", {}, `Packed at ${densities.join(", ")} g/cm³. Exchange: ${[...ways].map(([way, weight]) => `${way} ${percent(weight)}`).join("; ")}. The line along the axis: sizes that were simulated.`),
    );
  }

  showGrounds(reply, forecast) {
    const map = reply.deposition_map;
    this.out.assumed.replaceChildren(
      make("p", {}, map.said),
      make("p", {}, capitalised(reply.statement)),
      make("p", {}, reply.interval_statement),
      make("details", {}, make("summary", {}, `What the map “${map.name}” assumes`), make("p", {}, map.assumption)),
    );
    facts(this.out.facts, [
      ["Local current density", `${figure(forecast.local_current_density_mA_cm2)} mA/cm²`],
      ["Lithium plated", `${figure(forecast.deposited_atoms_per_nm2, 6)} atoms/nm²`],
      ["Outside the simulated sizes", `${percent(forecast.clipped_share)} of the lithium`],
      ["Arrival over waiting", forecast.damkohler === null ? null : `${figure(forecast.damkohler)} (Damköhler number)`],
      ["Distance from the data", figure(forecast.applicability.distance)],
      ["Model", reply.model.label],
    ]);
  }

  showSurface(surface) {
    this.surface = surface;
    this.out.map.classList.remove("waiting");
    this.showMap();
  }

  showMap() {
    if (this.surface === null) return;
    const current = field(this.form, CURRENT).value;
    const time = field(this.form, TIME).value;
    const line = typed(this.values().line);
    if (!(current > 0 && time > 0)) return;
    const electrolyte = this.form.elements.electrolyte.value === "advanced" ? "advanced" : "baseline";
    const sights = sightsOf(this.known.observations, electrolyte);
    this.map.show({
      surface: this.surface, point: { current, time }, capacity: capacityOf(current, time),
      line: line >= 0 && line <= 1 ? line : USUAL_LINE, sights,
      pick: (j, t) => this.use({ [CURRENT]: j, [TIME]: t, kept: "time" }),
      read: (sentence) => {
        this.out.readout.textContent = sentence || "Point at the map to read it, click to go there.";
      },
    });
    this.out.legend.textContent = "Colours: means, by the map’s best numbers. Ring: these conditions; dots: equal capacity. Discs: what the paper saw on flat "
      + `collectors, ${electrolyte} electrolyte, in the colour of the share it names (white: none).`;
    this.out.sights.replaceChildren(...sights.map((sight) => make("li", {}, sight.short)));
  }

  showError(error) {
    this.asked = {};
    this.out.map.classList.remove("waiting");
    if (!error.fields) {
      this.shell.trouble(error.message);
      return;
    }
    const others = complain(this.form, error.fields);
    this.shell.trouble(others.map((each) => each.message).join(" ") || (error.fields.length ? "" : error.message));
    this.shell.say(error.message);
  }
}

function sentenceOf(reply, { conditions, capacity_mAh_cm2: capacity, glassy_share: value }) {
  const plated = `${figure(conditions.current_density_mA_cm2)} mA/cm² for ${figure(conditions.deposition_time_min)} min, ${figure(capacity)} mAh/cm²`;
  const { kind, horizon_ps: horizon } = reply.bridge;
  const until = kind === "growth" ? "when plating ends, extrapolated from nanoseconds"
    : `${horizon ? `${figure(horizon)} ps` : "the whole hold"} after the quench of the simulation`;
  return `Of the lithium plated at ${plated}, ${percent(value)} is expected in embryos still disordered ${until}. `
    + "Good for ranking conditions; a deposit waits for minutes.";
}

// Sentences of the server may begin with the name of a field.
function capitalised(sentence) {
  return sentence.replace(/^glassy_share/, "The glassy share").replace(/^[a-z]/, (first) => first.toUpperCase());
}
