// "How fast may I plate?": a search as a job of the server, its progress, and its answer. A page that
// is loaded anew finds the search of its tab again.

import { get, post, remove } from "./ask.js";
import { searchBody } from "./conditions.js";
import { make, outlets } from "./elements.js";
import { read } from "./forms.js";
import { figure, interval, share } from "./numbers.js";

const SEARCH = "v1/deposition/search";
const POLL_MS = 500;
const AGAIN_MS = 2000;
// Fewer trials find conditions, but hardly the best.
const FEW_TRIALS = 100;
const KEPT = "glassyli-search";

export class SearchPanel {
  // `values()`: of the deposition form; `use(values)`: set them.
  constructor(root, { values, use }) {
    this.values = values;
    this.use = use;
    this.form = root.querySelector("form");
    this.out = outlets(root);
    this.cancelButton = root.querySelector('[data-do="cancel"]');
    this.submitButton = root.querySelector('[type="submit"]');
    this.id = null;
    this.isBusy = false;
    this.isNew = true;
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.cancelButton.addEventListener("click", () => this.cancel());
  }

  submit() {
    return this.run(() => post(SEARCH, searchBody(this.values(), read(this.form))));
  }

  // The search of this tab before the page was loaded anew, unless the server knows it no more.
  async resume() {
    const id = this.isNew ? sessionStorage.getItem(KEPT) : null;
    this.isNew = false;
    if (id !== null) await this.run(() => get(`${SEARCH}/${id}`), false);
  }

  // One at a time: of two, both would be followed in one place.
  async run(asked, isTold = true) {
    if (this.isBusy) return;
    this.busy(true);
    try {
      const job = await asked();
      this.out.found.replaceChildren();
      this.id = job.id;
      sessionStorage.setItem(KEPT, job.id);
      await this.follow(job);
    } catch (error) {
      if (error.status === 404) sessionStorage.removeItem(KEPT);
      if (isTold || error.status !== 404) this.complain(error);
    }
    this.id = null;
    this.busy(false);
  }

  async cancel() {
    if (this.id === null) return;
    try {
      await remove(`${SEARCH}/${this.id}`);
    } catch (error) {
      this.complain(error);
    }
  }

  busy(isBusy) {
    this.isBusy = isBusy;
    this.cancelButton.hidden = !isBusy;
    this.submitButton.disabled = isBusy;
  }

  async follow(job) {
    while (job.state === "queued" || job.state === "running") {
      this.showProgress(job);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      job = await this.polled(job);
    }
    // A search that was done before is told without its result.
    if (job.state === "done" && job.result === null) job = await this.polled(job);
    if (job.state === "done") this.showResult(job.result);
    else
      this.out.progress.replaceChildren(
        make(
          "p",
          { class: job.error ? "complaint" : "note", role: "status" },
          job.error ?? "Cancelled. The same search goes on where it stopped.",
        ),
      );
  }

  // The job of a moment ago where the server is out of reach: it runs on all the same.
  async polled(job) {
    try {
      return await get(`${SEARCH}/${job.id}`);
    } catch (error) {
      if (error.status >= 400 && error.status < 500) throw error;
      this.complain(error);
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      return job;
    }
  }

  showProgress({ state, n_done, n_trials, seconds_left }) {
    const left = seconds_left ? `, ${figure(seconds_left, 2)} s left` : "";
    const said =
      state === "queued" ? "Waiting for its turn." : `${n_done} of ${n_trials} trials${left}.`;
    this.out.progress.replaceChildren(
      make("progress", { max: n_trials, value: n_done, "aria-label": "Trials of the search" }),
      make("p", { class: "note", role: "status" }, said),
    );
  }

  showResult(result) {
    this.out.progress.replaceChildren();
    const said =
      `${result.n_feasible} of ${result.n_trials} trials under the map “${result.map_name}” meet ` +
      `every requirement; model ${result.model}.`;
    const parts = [
      make("p", { class: "prose", role: "status" }, make("b", {}, result.asked), " ", said),
    ];
    if (result.n_trials < FEW_TRIALS)
      parts.push(
        make(
          "p",
          { class: "doubt" },
          `${result.n_trials} trials are few: faster plating may be possible. Ask for 200.`,
        ),
      );
    if (result.ranked.length) parts.push(this.table(result.ranked));
    else if (result.least_violation)
      parts.push(make("p", { class: "doubt" }, result.least_violation.sentence));
    parts.push(
      ...result.under_maps
        .filter(({ ours }) => ours !== null)
        .map(({ name, numbers, ours }) =>
          make(
            "p",
            { class: "note" },
            `Under the map “${name}” (${numbers}) the first of these has a glassy share of ${share(ours.glassy_share)}${ours.is_feasible ? "" : ", too little"}.`,
          ),
        ),
    );
    parts.push(
      make(
        "details",
        {},
        make("summary", {}, "What to know before you act on it"),
        make(
          "ul",
          { class: "prose" },
          [...result.notes, ...(result.limits ?? [])].map((each) => make("li", {}, each)),
        ),
      ),
    );
    this.out.found.replaceChildren(...parts);
  }

  table(ranked) {
    const heads = [
      "rank",
      ["current density", "mA/cm²"],
      ["time", "min"],
      ["capacity", "mAh/cm²"],
      ["glassy share", "90 %"],
      ["P(enough)", ""],
      ["in data", ""],
      "",
    ];
    const rows = ranked.map((each) =>
      make(
        "tr",
        {},
        make("td", {}, each.rank),
        make("td", {}, figure(each.conditions.current_density_mA_cm2)),
        make("td", {}, figure(each.conditions.deposition_time_min)),
        make("td", {}, figure(each.capacity_mAh_cm2)),
        make(
          "td",
          {},
          share(each.glassy_share),
          make("small", {}, interval(each.glassy_share_interval)),
        ),
        make("td", {}, each.p_enough === null ? "–" : share(each.p_enough)),
        make(
          "td",
          { title: each.applicability.reasons.join(" ") },
          each.applicability.is_inside ? "yes" : "no",
        ),
        make(
          "td",
          {},
          make(
            "button",
            { type: "button", class: "quiet", onclick: () => this.pick(each.conditions) },
            "Show",
          ),
        ),
      ),
    );
    return make(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": "Best conditions" },
      make(
        "table",
        {},
        make(
          "thead",
          {},
          make(
            "tr",
            {},
            heads.map((head) =>
              Array.isArray(head)
                ? make("th", {}, head[0], make("small", {}, head[1]))
                : make("th", {}, head),
            ),
          ),
        ),
        make("tbody", {}, rows),
      ),
    );
  }

  pick({ current_density_mA_cm2, deposition_time_min }) {
    this.use({ current_density_mA_cm2, deposition_time_min, kept: "time" });
    window.scrollTo({ top: 0 });
  }

  complain(error) {
    this.out.progress.replaceChildren(
      make("p", { class: "complaint", role: "alert" }, error.message),
    );
  }
}
