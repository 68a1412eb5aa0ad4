// The part of Markdown that model cards are written in, as elements: headings, paragraphs, lists,
// tables, `code` and **bold**. Whatever else there is stays text.

import { make } from "./elements.js";

export function markdown(text) {
  const blocks = text.trim().split(/\n\s*\n/);
  return blocks.flatMap((block) => element(block.split("\n")));
}

function element(lines) {
  const heading = /^(#{1,4}) (.*)$/.exec(lines[0]);
  if (heading) {
    const level = Math.min(heading[1].length + 1, 4);
    const rest = lines.slice(1);
    return [make(`h${level}`, {}, inline(heading[2])), ...(rest.length ? element(rest) : [])];
  }
  if (lines[0].startsWith("|")) return [table(lines)];
  if (lines[0].startsWith("- ")) return [list(lines)];
  return [make("p", {}, inline(lines.join(" ")))];
}

function list(lines) {
  const items = [];
  for (const line of lines) {
    if (line.startsWith("- ")) items.push(line.slice(2));
    else items[items.length - 1] += ` ${line.trim()}`;
  }
  return make(
    "ul",
    {},
    items.map((item) => make("li", {}, inline(item))),
  );
}

function table(lines) {
  const rows = lines
    .filter((line) => !/^[|\s:-]+$/.test(line) || !line.includes("---"))
    .map((line) =>
      line
        .trim()
        .replace(/^\||\|$/g, "")
        .split("|")
        .map((cell) => cell.trim()),
    );
  const [head, ...body] = rows;
  const row = (cells, tag) =>
    make(
      "tr",
      {},
      cells.map((cell) => make(tag, {}, inline(cell))),
    );
  return make(
    "table",
    { tabindex: 0 },
    make("thead", {}, row(head, "th")),
    make(
      "tbody",
      {},
      body.map((cells) => row(cells, "td")),
    ),
  );
}

function inline(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => {
    if (part.startsWith("`")) return make("code", {}, part.slice(1, -1));
    if (part.startsWith("**") && part.length > 4) return make("b", {}, part.slice(2, -2));
    return part;
  });
}
