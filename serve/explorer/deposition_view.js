// Conditions at the bench, and the glassy share that a model and a map say of them.

import { get, path, post } from "./ask.js";
import { Chart } from "./chart.js";
import { glassy } from "./colours.js";
import { capacityOf, predictBody, surfaceBody, timeOf } from "./conditions.js";
import { doubts, make, outlets } from "./elements.js";
import { bySize, paintEmbryos } from "./embryo_bars.js";
import { clearComplaints, field, fill, read, refuse } from "./forms.js";
import { paintGauge } from "./gauge.js";
import { doubtsOf, embryosSaid, sentenceOf, showGrounds, whatOf } from "./grounds.js";
import { MUCH_CLIPPED } from "./hatch.js";
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

const placed = ({ current, time, short }) =>
  `${figure(current)} mA/cm², ${figure(time)} min: ${short}`;

function legendOf(surface, electrolyte) {
  const drawn =
    ", by the map’s best numbers alone; the number above is a mean over draws of the map’s numbers, " +
    "too, and may differ by a few hundredths";
  return (
    `Colours: means over the model’s members${surface.deposition_map.numbers.startsWith("calibrated") ? drawn : ""}. ` +
    `Hatched: more than ${percent(MUCH_CLIPPED)} of the atoms in embryos outside what was ` +
    "simulated, the nearest that was stands for them. " +
    "Ring: these conditions, where they are on the map; dots: equal capacity. " +
    `Discs: what the paper saw at room temperature, flat collector, ${electrolyte} electrolyte; ` +
    "filled in the colour of the share it names. White discs name none: two colours about them " +
    "are the ends of what we read into its words. A share of ribbons is none of the area: any lattice " +
    "makes a whole ribbon crystalline."
  );
}

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
      (error) => this.showNoSurface(error),
    );
    this.search = new SearchPanel(root.querySelector("#search"), {
      values: () => read(this.form),
      use: (values) => this.use(values),
    });
    root.addEventListener("input", (event) => {
      const { target } = event;
      const isOurs = target.form === this.form || this.form.contains(target);
      if (isOurs)
        this.changed(target.name || target.closest("quantity-field").getAttribute("name"));
    });
    this.form.addEventListener("submit", (event) => event.preventDefault());
  }

  // Ask the server what there is; again for another model.
  async start() {
    const asked = path("v1/deposition/maps");
    const known = await get(asked);
    if (asked !== path("v1/deposition/maps")) return;
    this.known = known;
    this.offerMaps(this.known.maps);
    const [low, high] = this.known.temperature_K;
    field(this.form, "temperature_K").limit(Math.ceil(low), Math.floor(high));
    this.asked = {};
    this.search.resume();
  }

  offerMaps(maps) {
    const chosen = this.form.elements.namedItem("deposition_map")?.value;
    const choice = this.root.querySelector("#map-choice");
    const options = maps.map(({ name, numbers }, i) =>
      make(
        "label",
        {},
        make("input", {
          type: "radio",
          form: "plating",
          name: "deposition_map",
          value: name,
          checked: chosen ? name === chosen : i === 0,
        }),
        `${name} `,
        make("small", {}, `(${numbers})`),
      ),
    );
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
    this.out.what.textContent = whatOf(reply);
    this.out.interval.textContent = interval(glassy_share_interval);
    this.gauge.show({
      name: "glassy",
      value: glassy_share,
      interval: glassy_share_interval,
      colour: glassy,
      ends: ["0: all ordered", "1: all still disordered"],
    });
    this.out.sentence.textContent = sentenceOf(reply, forecast);
    doubts(this.out.doubts, doubtsOf(reply, forecast));
    this.bars.show({
      sizes: bySize(forecast.embryos),
      sampled: this.shell.model?.design_ranges?.n_atoms ?? null,
    });
    this.out["embryos-said"].textContent = embryosSaid(forecast);
    showGrounds(this.out, reply, forecast);
    this.out.limits.replaceChildren(...reply.limits.map((each) => make("li", {}, each)));
    take(this.out.take, {
      curl: curlOf(PREDICT, body),
      answer: reply,
      link: () => this.shell.link("deposition", this.values()),
    });
    this.shell.say(`Glassy share ${share(glassy_share)}, ${interval(glassy_share_interval)}.`);
    this.showMap();
  }

  showSurface(surface) {
    this.surface = surface;
    this.out.map.classList.remove("waiting");
    this.out["map-trouble"].hidden = true;
    this.showMap();
  }

  // A map of another question would be taken for the answer to this one.
  showNoSurface(error) {
    this.surface = null;
    delete this.asked.surface;
    this.out.map.classList.remove("waiting");
    this.map.clear();
    this.out["map-trouble"].textContent = `No map: ${error.message}`;
    this.out["map-trouble"].hidden = false;
    for (const each of ["readout", "legend", "sights"]) this.out[each].replaceChildren();
  }

  showMap() {
    if (this.surface === null) return;
    const current = field(this.form, CURRENT).value;
    const time = field(this.form, TIME).value;
    const line = typed(this.values().line);
    if (!(current > 0 && time > 0)) return;
    const electrolyte =
      this.form.elements.electrolyte.value === "advanced" ? "advanced" : "baseline";
    const sights = sightsOf(this.known.observations, electrolyte);
    this.map.show({
      surface: this.surface,
      point: { current, time },
      capacity: capacityOf(current, time),
      line: line >= 0 && line <= 1 ? line : USUAL_LINE,
      sights,
      pick: (j, t) => this.use({ [CURRENT]: j, [TIME]: t, kept: "time" }),
      read: (sentence) => {
        this.out.readout.textContent =
          sentence || "Point at the map to read it, click to go there.";
      },
    });
    this.out.legend.textContent = legendOf(this.surface, electrolyte);
    this.out.sights.replaceChildren(...sights.map((sight) => make("li", {}, placed(sight))));
  }

  showError(error) {
    delete this.asked.forecast;
    refuse(this.form, this.shell, error);
  }
}
