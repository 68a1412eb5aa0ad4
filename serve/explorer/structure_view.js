// A file of atoms: seen in three dimensions, and what becomes of each of its frames.

import { postForm } from "./ask.js";
import { paintLegend } from "./atoms_legend.js";
import { AtomsView } from "./atoms_view.js";
import { Chart } from "./chart.js";
import { ordered } from "./colours.js";
import { doubts, outlets } from "./elements.js";
import { clearComplaints, field, fill, read, refuse } from "./forms.js";
import { paintGauge } from "./gauge.js";
import { Latest } from "./latest.js";
import { figure, interval, percent, share } from "./numbers.js";
import { formOf, partsOf, questionOf } from "./structure_form.js";
import { paintSurvival } from "./survival_chart.js";
import { curlOfForm, take } from "./take.js";

const PREDICT = "v1/structures/predict";
const REST_MS = 600;

// Of the reference data: an embryo that has ordered in its last frame.
const EXAMPLE = {
  address: "example.xyz.gz",
  name: "example.xyz.gz",
  frame: 3,
  values: {
    format: "",
    mass_exchange: "file",
    energy_exchange: "open",
    hold_temperature_K: 300,
    packing_density_g_cm3: 0.076,
    stage: "",
  },
};

export class StructureView {
  constructor(root, shell) {
    this.root = root;
    this.shell = shell;
    this.form = root.querySelector("form.controls");
    this.out = outlets(root);
    this.file = null;
    this.reply = null;
    this.slider = root.querySelector("#frame");
    this.gauge = new Chart(this.out.gauge, paintGauge);
    this.survival = new Chart(this.out.survival, paintSurvival);
    this.legend = new Chart(this.out["atoms-legend"], paintLegend);
    this.forecasts = new Latest(
      (question, signal) => postForm(PREDICT, formOf(question), signal),
      (reply, question) => this.showReply(reply, question),
      (error) => this.showError(error),
    );
    this.atoms = new Latest(
      (question, signal) => postForm(PREDICT, formOf(question), signal),
      (reply) => this.showAtoms(reply.frames[0].atoms),
      (error) => this.showError(error),
    );
    this.listen();
  }

  listen() {
    const input = this.root.querySelector("#file");
    input.addEventListener("change", () => input.files.length && this.open(input.files[0]));
    this.root
      .querySelector('[data-do="example"]')
      .addEventListener("click", () => this.openExample());
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("input", (event) => event.target !== input && this.update(REST_MS));
    this.slider.addEventListener("input", () => this.showFrame());
    const shrink = this.root.querySelector("#shrink");
    shrink.addEventListener("change", () => this.viewer?.shrink(shrink.checked));
    const { drop } = this.out;
    const over = (event) => {
      event.preventDefault();
      drop.classList.toggle("over", event.type === "dragover");
    };
    for (const type of ["dragover", "dragleave", "drop"]) this.root.addEventListener(type, over);
    this.root.addEventListener(
      "drop",
      (event) => event.dataTransfer.files.length && this.open(event.dataTransfer.files[0]),
    );
  }

  async start() {
    const { design_ranges: ranges } = await this.shell.met;
    const [low, high] = ranges.hold_temperature_K ?? [270, 330];
    if (low < high) field(this.form, "hold_temperature_K").limit(Math.ceil(low), Math.floor(high));
  }

  values() {
    const { file, ...values } = read(this.form);
    return values;
  }

  show(values) {
    fill(this.form, values);
    this.update();
  }

  async openExample() {
    try {
      const reply = await fetch(new URL(EXAMPLE.address, import.meta.url));
      fill(this.form, EXAMPLE.values);
      this.open(new File([await reply.blob()], EXAMPLE.name), EXAMPLE.frame);
    } catch {
      this.shell.trouble("The example could not be fetched. Is the server still running?");
    }
  }

  open(file, frame = null) {
    this.file = file;
    this.first = frame;
    this.reply = null;
    this.out.frames.hidden = true;
    this.out.chosen.textContent = `${file.name}, ${figure(file.size / 1000)} kB`;
    this.update();
  }

  // The file goes along with every question: asked once the hand has rested so long.
  update(rest_ms = 0) {
    const values = this.values();
    field(this.form, "time_ps").hidden = values.stage !== "hold"; // only the hold has a clock
    this.shell.settled("structure", values);
    clearTimeout(this.resting);
    if (this.file === null) return;
    this.root.querySelector(".answer").classList.add("waiting");
    const ask = () => this.forecasts.want({ file: this.file, ...questionOf(values) });
    if (rest_ms > 0) this.resting = setTimeout(ask, rest_ms);
    else ask();
  }

  showReply(reply, question) {
    clearComplaints(this.form);
    this.shell.trouble("");
    this.root.querySelector(".answer").classList.remove("waiting");
    const isNew = this.reply === null;
    this.reply = reply;
    this.question = question;
    this.slider.max = reply.frames.length - 1;
    if (isNew) {
      this.slider.value = (this.first ?? reply.frames.length) - 1;
      this.drawn = null;
    }
    this.out.frames.hidden = reply.frames.length < 2;
    this.out["atoms-card"].hidden = false;
    this.showFrame();
  }

  showFrame() {
    const { frame, stage, time_ps, n_atoms, design, prediction } =
      this.reply.frames[Number(this.slider.value)];
    const when = whenOf(stage, time_ps);
    this.out["frame-said"].textContent =
      `${frame} of ${this.reply.frames.length}${when && `, ${when}`}`;
    this.slider.setAttribute("aria-valuetext", this.out["frame-said"].textContent);
    const { looks_ordered } = prediction.applicability;
    const of =
      `${n_atoms} ${design.element} at ${figure(design.packing_density_g_cm3)} g/cm³, mass ${design.mass_exchange}, ` +
      `energy ${design.energy_exchange}${when && `, ${when}`}`;
    this.out.gauge.hidden = looks_ordered;
    this.out["survival-card"].hidden = looks_ordered;
    if (looks_ordered) this.showOrdered(of, prediction);
    else this.showWaiting(of, prediction, stage);
    const asked = { ...this.question, frames: [frame], with_atoms: true };
    this.takeAlong(asked);
    // The picture depends on all that is said of the file, not on the horizon.
    const { design: said, format, stage: saidStage, time_ps: saidTime } = asked;
    const { name, size } = this.file;
    const drawn = JSON.stringify([name, size, format, frame, said, saidStage, saidTime]);
    if (drawn !== this.drawn) {
      this.drawn = drawn;
      this.atoms.want(asked);
    }
  }

  // A forecast is of embryos that wait: of this one it would say nothing.
  showOrdered(of, { applicability: { reasons } }) {
    this.out.p.textContent = "–";
    this.out.what.textContent = "already ordered";
    this.out.interval.textContent = "no forecast applies";
    this.out.sentence.textContent = `${of}: these atoms look as if they had ordered already. A forecast is of those that wait.`;
    const isWhy = (reason) => reason.includes("may have ordered already");
    const sorted = [...reasons.filter(isWhy), ...reasons.filter((each) => !isWhy(each))];
    doubts(this.out.doubts, { is_inside: false, reasons: sorted });
    this.shell.say("Already ordered: no forecast applies.");
  }

  showWaiting(of, prediction, stage) {
    const { p_crystalline, p_crystalline_interval, horizon_ps, survival } = prediction;
    this.out.p.textContent = share(p_crystalline);
    this.out.what.textContent = `probability of order within ${figure(horizon_ps)} ps`;
    this.out.interval.textContent = interval(p_crystalline_interval);
    this.gauge.show({
      name: "ordered",
      value: p_crystalline,
      interval: p_crystalline_interval,
      colour: ordered,
      ends: ["0: stays disordered", "1: orders"],
    });
    this.out.sentence.textContent =
      `${of}: ${percent(p_crystalline)} of such embryos are expected to order within ` +
      `${figure(horizon_ps)} ps. Which ones do is chance.`;
    doubts(this.out.doubts, prediction.applicability);
    const isFromHere = stage === "hold" || stage === "given";
    this.survival.show({
      survival,
      horizon_ps,
      clock: isFromHere ? "time from this structure on, ps" : "time on the clock of the hold, ps",
      read: (sentence) => {
        this.out.readout.textContent = sentence;
      },
    });
    this.shell.say(
      `Probability of order ${share(p_crystalline)}, ${interval(p_crystalline_interval)}.`,
    );
  }

  takeAlong(asked) {
    const parts = partsOf(asked).map(([name, value]) => [
      name,
      name === "file" ? `@${value.name}` : value,
    ]);
    take(this.out.take, { curl: curlOfForm(PREDICT, parts), answer: this.reply, link: null });
  }

  showAtoms(atoms) {
    this.viewer ??= new AtomsView(this.out.atoms);
    this.viewer.show(atoms);
    this.legend.show(atoms.p_crystalline ?? atoms.positions_A.map(() => 0));
    for (const name of ["atoms-legend", "inside"])
      this.out[name].hidden = atoms.p_crystalline === null;
  }

  showError(error) {
    this.root.querySelector(".answer").classList.remove("waiting");
    refuse(this.form, this.shell, error);
  }
}

function whenOf(stage, time_ps) {
  if (stage === "hold") return `${figure(time_ps)} ps into the hold`;
  return { packing: "as packed", heat: "molten", quench: "at the end of the quench" }[stage] ?? "";
}
