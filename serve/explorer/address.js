// The state of the page in its address, so that a link says what was asked.

const SETTLED_MS = 250;

let timer = null;

// {view, values} of the address; the view is empty where none is named.
export function readAddress() {
  const [view, query = ""] = location.hash.slice(1).split("?");
  return { view, values: Object.fromEntries(new URLSearchParams(query)) };
}

// Written once the hand rests: browsers limit how often an address may change.
export function writeAddress(view, values) {
  clearTimeout(timer);
  timer = setTimeout(() => {
    history.replaceState(null, "", addressOf(view, values));
  }, SETTLED_MS);
}

export function addressOf(view, values) {
  const query = new URLSearchParams(Object.entries(values).filter(([, value]) => value !== ""));
  return `#${view}${query.size ? `?${query}` : ""}`;
}
