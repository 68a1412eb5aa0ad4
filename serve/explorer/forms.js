// A view's form as a record of texts, to and from the address, and the server's complaints beside
// its fields.

const ZERO_CELSIUS_K = 273.15;
// Below, degrees Celsius are meant: no electrolyte is liquid there.
const COLDEST_K = 100;

export function read(form) {
  return Object.fromEntries(new FormData(form));
}

// Fill in what an address or a choice says; unknown names are left alone.
export function fill(form, values) {
  for (const [name, value] of Object.entries(values)) {
    const found = form.elements.namedItem(name);
    if (found === null) continue;
    const field = form.querySelector(`quantity-field[name="${CSS.escape(name)}"]`);
    if (field) field.value = value;
    else found.value = value;
  }
}

export function field(form, name) {
  return form.querySelector(`quantity-field[name="${name}"]`);
}

// Show each complaint beside its field; returns those that have no field here.
function complain(form, fields) {
  clearComplaints(form);
  return fields.filter(({ field: place, message }) => {
    const name = place
      .split(".")
      .at(-1)
      .replace(/\[\d+\]$/, "");
    const beside = form.querySelector(`quantity-field[name="${CSS.escape(name)}"]:not([hidden])`);
    const plain = form.querySelector(`[data-complaint="${CSS.escape(name)}"]`);
    if (beside) beside.complaint = `${ofForm(message)}${kelvinHint(beside)}`;
    else if (plain) {
      plain.textContent = ofForm(message);
      plain.hidden = false;
    }
    return !beside && !plain;
  });
}

// A form asks about one thing: which of several is wrong need not be said.
function ofForm(message) {
  return message.replace(/`\w+\[0\]\./g, "`");
}

function kelvinHint({ unit, value }) {
  const isCelsius = unit === "K" && typeof value === "number" && Math.abs(value) < COLDEST_K;
  return isCelsius ? ` In kelvin: ${value} °C are ${(value + ZERO_CELSIUS_K).toFixed(0)} K.` : "";
}

// What the server refused, beside its fields; the rest on top of the page. The answer in sight is
// none to what was asked.
export function refuse(form, shell, error) {
  const fields = error.fields ?? [];
  const others = complain(form, fields).map((each) => ofForm(each.message));
  form.closest(".view").classList.add("refused");
  shell.trouble(others.join(" ") || (fields.length ? "" : error.message));
  shell.say(ofForm(error.message));
}

export function clearComplaints(form) {
  form.closest(".view").classList.remove("refused");
  for (const each of form.querySelectorAll("quantity-field")) each.complaint = "";
  for (const each of form.querySelectorAll("[data-complaint]")) each.hidden = true;
}
