// Questions to the server this page came from, and to no other.

import { apiKey, askForKey } from "./key.js";

const RETRIES = 4;

// The server's own sentences: one for each field, or one in all.
export class Refused extends Error {
  constructor(status, body) {
    const detail = Array.isArray(body?.detail) ? body.detail : [];
    const said = detail.map((each) => each.message);
    if (typeof body?.detail === "string") said.push(body.detail);
    super(said.join(" ") || `The server answered with status ${status} and no sentence.`);
    this.status = status;
    this.fields = detail.filter((each) => each.field);
  }
}

// The model that is asked; empty: the server's default.
const asked = { model: "" };

export function askModel(name) {
  asked.model = name;
}

export function path(name) {
  return asked.model ? `${name}?model=${encodeURIComponent(asked.model)}` : name;
}

export function get(name, signal) {
  return counted(name, { method: "GET", signal });
}

export function post(name, body, signal) {
  return counted(path(name), {
    method: "POST",
    signal,
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json" },
  });
}

export function postForm(name, form, signal) {
  return counted(path(name), { method: "POST", signal, body: form });
}

export function remove(name) {
  return counted(name, { method: "DELETE" });
}

let underWay = 0;

// While any question is under way, the page says that its numbers may change.
async function counted(name, options) {
  const main = document.querySelector("main");
  underWay += 1;
  main.setAttribute("aria-busy", "true");
  try {
    return await request(name, options);
  } finally {
    underWay -= 1;
    if (underWay === 0) main.removeAttribute("aria-busy");
  }
}

async function request(name, options, tries = RETRIES) {
  const key = apiKey();
  const headers = { Accept: "application/json", ...options.headers };
  if (key) headers.Authorization = `Bearer ${key}`;
  let reply;
  try {
    reply = await fetch(name, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not answer. Is `glassyli serve` still running?");
  }
  if (reply.status === 401) {
    await askForKey(key ? (await refusal(reply)).message : "");
    return request(name, options, tries);
  }
  if (reply.status === 503 && tries > 0) {
    await pause(Number(reply.headers.get("Retry-After")) || 1, options.signal);
    return request(name, options, tries - 1);
  }
  if (!reply.ok) throw await refusal(reply);
  return reply.status === 204 ? null : reply.json();
}

async function refusal(reply) {
  const body = await reply.json().catch(() => null);
  return new Refused(reply.status, body);
}

// Resolves after a while; rejects when the signal aborts.
export function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, 1000 * seconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("A newer question was asked.", "AbortError"));
    });
  });
}
