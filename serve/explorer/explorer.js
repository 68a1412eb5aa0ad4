// The page: which view is shown, which model is asked, and what is said about it.

import "./quantity_field.js";
import { addressOf, readAddress, writeAddress } from "./address.js";
import { askModel, get, path } from "./ask.js";
import { DepositionView } from "./deposition_view.js";
import { EmbryoView } from "./embryo_view.js";
import { ModelView } from "./model_view.js";
import { StructureView } from "./structure_view.js";

const FIRST = "deposition";
const SPOKEN_MS = 700;
const TITLES = {
  deposition: "Deposition",
  embryo: "Embryo",
  structure: "Structure",
  model: "Model",
};

const byId = (id) => document.getElementById(id);

// What views may ask of the page around them.
const shell = {
  model: null,
  met: null,
  settled(view, values) {
    if (view === shown.name) writeAddress(view, values);
  },
  link(view, values) {
    return new URL(addressOf(view, values), document.baseURI).href;
  },
  trouble(sentence) {
    byId("trouble").textContent = sentence;
    byId("trouble").hidden = !sentence;
  },
  // For those who hear the page: once, when the numbers have come to rest.
  say(sentence) {
    clearTimeout(shell.timer);
    shell.timer = setTimeout(() => {
      byId("spoken").textContent = sentence;
    }, SPOKEN_MS);
  },
};

const shown = { name: "" };
const ready = new Map();
const views = {
  deposition: new DepositionView(byId("deposition-view"), shell),
  embryo: new EmbryoView(byId("embryo-view"), shell),
  structure: new StructureView(byId("structure-view"), shell),
  model: new ModelView(byId("model-view"), shell),
};

async function open({ view: asked, values }) {
  const name = asked in views ? asked : FIRST;
  const isOther = name !== shown.name;
  shown.name = name;
  for (const each of Object.keys(views)) byId(`${each}-view`).hidden = each !== name;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `Glassy Li: ${TITLES[name].toLowerCase()}`;
  if (isOther) shell.trouble("");
  try {
    if (!ready.has(name)) ready.set(name, views[name].start());
    await ready.get(name);
    views[name].show(values);
  } catch (error) {
    ready.delete(name);
    shell.trouble(error.message);
  }
}

function meet(model) {
  askModel(model);
  ready.clear();
  const met = get(path("v1/model")).then((said) => {
    // Another may have been chosen meanwhile.
    if (met === shell.met) {
      shell.model = said;
      byId("model-label").textContent = said.model.label;
    }
    return said;
  });
  shell.met = met;
  return met;
}

function offer(models) {
  const choice = byId("model-choice");
  choice.replaceChildren(...models.map(({ name }) => new Option(name, name)));
  choice.hidden = models.length < 2;
  document.querySelector("label[for=model-choice]").hidden = choice.hidden;
  choice.addEventListener("change", async () => {
    try {
      meet(choice.value);
      await open({ view: shown.name, values: views[shown.name].values() });
    } catch (error) {
      shell.trouble(error.message);
    }
  });
}

async function begin() {
  const address = readAddress();
  for (const each of Object.keys(views))
    byId(`${each}-view`).hidden = each !== (address.view in views ? address.view : FIRST);
  try {
    const [{ models }] = await Promise.all([get("v1/models"), meet(""), open(address)]);
    offer(models);
  } catch (error) {
    shell.trouble(error.message);
  }
}

window.addEventListener("hashchange", () => open(readAddress()));
begin();
