// <quantity-field>: a number with its unit, as a slider and as text, and what is wrong with it.
//
// Attributes: name, label, unit, hint, min, max, step and value of the slider; scale="log";
// whole: an integer; optional: may be empty. The text may lie beyond the slider: what is allowed,
// the server says.

import { make } from "./elements.js";
import { figure, typed } from "./numbers.js";

const STEP = 0.01;
const DIGITS = 3;
const ROUND_DIGITS = 2;

class QuantityField extends HTMLElement {
  #slider;
  #text;
  #complaint;

  connectedCallback() {
    if (this.#text) return;
    const name = this.getAttribute("name");
    const id = `${this.closest("article")?.id ?? "page"}-${name}`;
    const hint = this.getAttribute("hint");
    this.#text = make("input", {
      id,
      name,
      type: "text",
      inputmode: "decimal",
      value: this.getAttribute("value"),
      "aria-describedby": `${id}-complaint`,
      oninput: () => this.#slide(),
    });
    this.#slider = make("input", {
      type: "range",
      "aria-label": this.getAttribute("label"),
      oninput: () => this.#write(),
    });
    this.#complaint = make("p", { class: "complaint", id: `${id}-complaint`, hidden: true });
    this.append(
      make(
        "div",
        { class: "row" },
        make(
          "label",
          { for: id },
          this.getAttribute("label"),
          hint ? make("small", {}, hint) : null,
        ),
        this.#text,
        make("span", { class: "unit" }, this.unit),
      ),
      this.#slider,
      this.#complaint,
    );
    this.limit(Number(this.getAttribute("min")), Number(this.getAttribute("max")));
  }

  // The ends of the slider.
  limit(min, max) {
    const isLog = this.#isLog;
    const step = this.getAttribute("step");
    this.#slider.min = isLog ? Math.log10(min) : min;
    this.#slider.max = isLog ? Math.log10(max) : max;
    this.#slider.step = isLog ? STEP : (step ?? 1);
    this.#slide();
  }

  get value() {
    return typed(this.#text.value);
  }

  set value(value) {
    this.#text.value = typeof value === "number" ? plain(value) : (value ?? "");
    this.#slide();
  }

  get unit() {
    return this.getAttribute("unit");
  }

  set complaint(sentence) {
    this.#complaint.textContent = sentence;
    this.#complaint.hidden = !sentence;
    if (sentence) this.#text.setAttribute("aria-invalid", "true");
    else this.#text.removeAttribute("aria-invalid");
  }

  get #isLog() {
    return this.getAttribute("scale") === "log";
  }

  #slide() {
    const value = this.value;
    if (typeof value === "number" && (value > 0 || !this.#isLog)) {
      this.#slider.value = this.#isLog ? Math.log10(value) : value;
    }
    this.#slider.setAttribute("aria-valuetext", `${this.#text.value} ${this.unit}`.trim());
  }

  #write() {
    const place = Number(this.#slider.value);
    const value = this.#isLog ? rounded(10 ** place) : place;
    // What is shown is what is asked: the slider moves in rounded numbers.
    this.#text.value = plain(this.hasAttribute("whole") ? Math.round(value) : value);
    this.#slider.setAttribute("aria-valuetext", `${this.#text.value} ${this.unit}`.trim());
  }
}

// The number of two digits that is nearest, where one lies within half a step of a log slider.
function rounded(value) {
  const round = Number(value.toPrecision(ROUND_DIGITS));
  return Math.abs(Math.log10(round / value)) <= STEP / 2 ? round : value;
}

// A number that reads back as what is shown.
function plain(value) {
  const said = figure(value, Number.isInteger(value) ? 9 : DIGITS);
  return said.includes("×") ? String(Number(value.toPrecision(DIGITS))) : said;
}

customElements.define("quantity-field", QuantityField);
