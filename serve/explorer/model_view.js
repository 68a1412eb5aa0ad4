// The model card, and what can be asked within it.

import { facts, outlets } from "./elements.js";
import { markdown } from "./markdown.js";
import { figure } from "./numbers.js";
import { curlOfGet, take } from "./take.js";

export class ModelView {
  constructor(root, shell) {
    this.root = root;
    this.shell = shell;
    this.out = outlets(root);
  }

  async start() {
    this.isShown = false;
    await this.shell.met;
  }

  values() {
    return {};
  }

  show() {
    this.shell.settled("model", {});
    if (this.isShown) return;
    this.isShown = true;
    const model = this.shell.model;
    const range = ([low, high], unit) => `${figure(low)} to ${figure(high)} ${unit}`;
    facts(this.out.facts, [
      ["Model", model.model.label],
      ["Potential", model.potential],
      ["Trained on", `${model.n_designs} designs`],
      ["Ensemble", model.n_members ? `${model.n_members} members` : null],
      ["Horizon", `${figure(model.horizon_ps)} ps of hold`],
      ["Sizes", range(model.design_ranges.n_atoms, "atoms")],
      ["Packing densities", range(model.design_ranges.packing_density_g_cm3, "g/cm³")],
      [
        "Temperatures",
        model.design_ranges.hold_temperature_K
          ? range(model.design_ranges.hold_temperature_K, "K")
          : null,
      ],
    ]);
    this.out.card.replaceChildren(...markdown(model.card_markdown));
    take(this.out.take, { curl: curlOfGet("v1/model"), answer: model });
  }
}
