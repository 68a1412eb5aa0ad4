// What can be taken along: the question as a curl line, the answer as JSON, the page as a link.

import { path } from "./ask.js";
import { apiKey } from "./key.js";
import { make } from "./elements.js";

const SAID_MS = 1600;

export function take(place, { curl, answer, link }) {
  place.replaceChildren(
    make("h2", {}, "Take it with you"),
    make(
      "pre",
      { tabindex: 0, "aria-label": "The same question as a curl line" },
      make("code", {}, curl),
    ),
    make(
      "p",
      {},
      copyButton("Copy the curl line", () => curl),
      copyButton("Copy the answer (JSON)", () => JSON.stringify(answer, null, 1)),
      link ? copyButton("Copy a link to this", link) : null,
    ),
  );
}

export function copyButton(label, text) {
  const button = make(
    "button",
    {
      type: "button",
      class: "quiet",
      onclick: async () => {
        await copy(text());
        button.textContent = "Copied";
        setTimeout(() => {
          button.textContent = label;
        }, SAID_MS);
      },
    },
    label,
  );
  return button;
}

// The clipboard is there on https and localhost alone; elsewhere a selection will do.
async function copy(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = make("textarea", { class: "unseen" }, text);
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

export function curlOf(name, body) {
  return [
    ...start(name),
    `-H 'Content-Type: application/json'`,
    `-d ${quoted(JSON.stringify(body))}`,
  ].join(" \\\n  ");
}

export function curlOfForm(name, parts) {
  return [...start(name), ...parts.map(([key, value]) => `-F ${quoted(`${key}=${value}`)}`)].join(
    " \\\n  ",
  );
}

export function curlOfGet(name) {
  return start(name).join(" \\\n  ");
}

function start(name) {
  const url = new URL(path(name), document.baseURI);
  url.hash = "";
  const key = apiKey() ? [`-H "Authorization: Bearer $GLASSYLI_API_KEY"`] : [];
  return [`curl -s ${quoted(url.href)}`, ...key];
}

function quoted(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
