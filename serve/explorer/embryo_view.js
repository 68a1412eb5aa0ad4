// One embryo: when it orders, how surely, and whether the model may be asked.

import { pause, post } from "./ask.js";
import { Chart } from "./chart.js";
import { doubts, outlets } from "./elements.js";
import { fillTable, forecastRows } from "./forecast_table.js";
import { clearComplaints, field, fill, read, refuse } from "./forms.js";
import { Latest } from "./latest.js";
import { figure, interval, percent, share, typed } from "./numbers.js";
import { outcomesOf, paintOutcomes } from "./outcomes_bar.js";
import { paintSurvival } from "./survival_chart.js";
import { curlOf, take } from "./take.js";

const PREDICT = "v1/embryos/predict";
const REST_S = 0.3;

export class EmbryoView {
  constructor(root, shell) {
    this.root = root;
    this.shell = shell;
    this.form = root.querySelector("form.controls");
    this.out = outlets(root);
    this.outcomes = new Chart(this.out.outcomes, paintOutcomes);
    this.survival = new Chart(this.out.survival, paintSurvival);
    const show = (reply, body) => this.showReply(reply, body);
    const fail = (error) => this.showError(error);
    this.predictions = new Latest((body, signal) => post(PREDICT, body, signal), show, fail);
    this.refinements = new Latest(
      async (body, signal) => {
        await pause(REST_S, signal);
        return post(PREDICT, body, signal);
      },
      show,
      fail,
    );
    this.refined = null;
    this.form.addEventListener("input", () => this.update());
    this.form.addEventListener("submit", (event) => event.preventDefault());
  }

  async start() {
    const { design_ranges: ranges, horizon_ps } = await this.shell.met;
    const [low, high] = ranges.hold_temperature_K ?? [270, 330];
    if (low < high) field(this.form, "hold_temperature_K").limit(Math.ceil(low), Math.floor(high));
    if (field(this.form, "horizon_ps").value === 1000)
      field(this.form, "horizon_ps").value = horizon_ps;
  }

  values() {
    return read(this.form);
  }

  show(values) {
    fill(this.form, values);
    this.update();
  }

  update() {
    const values = this.values();
    field(this.form, "energy_relaxation_ps").hidden = values.energy_exchange !== "partial";
    this.shell.settled("embryo", values);
    const body = bodyOf(values);
    this.refined = null;
    this.refinements.drop();
    this.predictions.want({ ...body, road: "fast" });
    if (body.road === "full") this.refinements.want(body);
  }

  // The design alone answers at once; packed atoms follow, and then it has nothing more to say.
  showReply(reply, body) {
    const question = JSON.stringify({ ...body, road: null });
    if (body.road === "fast" && question === this.refined) return;
    this.refined = body.road === "full" ? question : null;
    clearComplaints(this.form);
    this.shell.trouble("");
    const [prediction] = reply.predictions;
    const { p_crystalline, p_crystalline_interval, horizon_ps, survival } = prediction;
    this.out.p.textContent = share(p_crystalline);
    this.out.until.textContent = `within ${figure(horizon_ps)} ps`;
    this.out.interval.textContent = interval(p_crystalline_interval);
    this.outcomes.show(outcomesOf(prediction));
    this.out.sentence.textContent = sentenceOf(prediction, this.values().road);
    doubts(this.out.doubts, prediction.applicability);
    this.survival.show({
      survival,
      horizon_ps,
      clock: "time on the clock of the hold, ps",
      read: (sentence) => {
        this.out.readout.textContent = sentence;
      },
    });
    fillTable(this.out.numbers, forecastRows(prediction));
    take(this.out.take, {
      curl: curlOf(PREDICT, body),
      answer: reply,
      link: () => this.shell.link("embryo", this.values()),
    });
    this.shell.say(
      `Probability of order ${share(p_crystalline)}, ${interval(p_crystalline_interval)}.`,
    );
  }

  showError(error) {
    refuse(this.form, this.shell, error);
  }
}

function bodyOf(values) {
  const design = {
    n_atoms: typed(values.n_atoms),
    packing_density_g_cm3: typed(values.packing_density_g_cm3),
    mass_exchange: values.mass_exchange,
    energy_exchange: values.energy_exchange,
    hold_temperature_K: typed(values.hold_temperature_K),
  };
  if (values.energy_exchange === "partial")
    design.energy_relaxation_ps = typed(values.energy_relaxation_ps);
  return { designs: [design], horizon_ps: typed(values.horizon_ps), road: values.road };
}

function sentenceOf({ design, survival, p_crystalline, horizon_ps, road }, wanted) {
  const inQuench = 1 - survival.probability[0];
  const quench = inQuench >= 0.005 ? `, ${percent(inQuench)} already in the quench` : "";
  const alone = `from the design alone${wanted === "full" ? "; atoms are being packed" : ""}`;
  const from = road === "fast" ? alone : "from freshly packed atoms";
  return (
    `Of embryos of ${design.n_atoms} ${design.element} at ${figure(design.packing_density_g_cm3)} g/cm³, ` +
    `${percent(p_crystalline)} are expected to order within ${figure(horizon_ps)} ps${quench}; answered ${from}. ` +
    "Which ones do is chance."
  );
}
