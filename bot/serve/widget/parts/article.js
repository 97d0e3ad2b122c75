// --- The words of an article: its paragraphs, headings, lists, quotations and tables as elements, never as HTML.
const KINDS = [
  ["ul", /^\s*[-*+]\s+/],
  ["ol", /^\s*\d+[.)]\s+/],
  ["blockquote", /^\s*>\s?/],
  ["h3", /^\s*#{1,6}\s+/],
  ["table", /^\s*\|/],
  ["p", /^/],
];
const MARKED = /\ue000(.*?)\ue001/; // the edges of the highlight: private use characters

function renderArticle(text, span, label) {
  return withMarks(text, span)
    .split(/\n{2,}/)
    .flatMap((block) => runsOf(block).map((run) => renderRun(run, label)));
}
function runsOf(block) {
  const runs = [];
  for (const line of block.split("\n").filter((each) => each.trim())) {
    const [kind, marker] = KINDS.find(([, pattern]) => pattern.test(line));
    if (runs.at(-1)?.kind !== kind) runs.push({ kind, first: line, lines: [] });
    runs.at(-1).lines.push(kind === "table" ? line : line.replace(marker, ""));
  }
  return runs;
}
function renderRun({ kind, first, lines }, label) {
  if (kind === "table") return renderTable(lines, label);
  if (kind !== "ul" && kind !== "ol") return make(kind, { dir: "auto" }, ...renderWords(lines.join("\n")));
  const items = lines.map((line) => make("li", { dir: "auto" }, ...renderWords(line)));
  return make(kind, kind === "ol" ? { start: parseInt(first, 10) } : {}, ...items);
}
function renderTable(lines, label) {
  const rows = lines
    .filter((line) => !/^[\s|:-]+$/.test(line))
    .map((line) => line.trim().replace(/^\||\|$/g, ""))
    .map((line) => line.split(/(?<!\\)\|/));
  const renderRow = (row, tag) =>
    make("tr", {}, ...row.map((cell) => make(tag, { dir: "auto" }, ...renderWords(cell.trim()))));
  const table = make("table", {}, ...rows.map((row, number) => renderRow(row, number ? "td" : "th")));
  return make("div", { className: "wide", tabIndex: 0, role: "group", "aria-label": label }, table);
}
function renderWords(line) {
  return line.split(MARKED).map((part, number) => {
    const words = part.replace(/\\([!-/:-@[-`{-~])/g, "$1");
    return number % 2 ? make("mark", {}, words) : words;
  });
}
// A highlight cannot span blocks, so each line has its own; tables have none.
function withMarks(text, span) {
  if (!span) return text;
  let offset = 0;
  const lines = text.split("\n").map((line) => {
    const marker = /^\s*(?:(?:[-*+>]|\d+[.)]|#{1,6})\s+)*/.exec(line)[0].length;
    const start = Math.max(span[0] - offset, marker);
    const end = Math.min(span[1] - offset, line.trimEnd().length);
    offset += line.length + 1;
    if (start >= end || /^\s*\|/.test(line)) return line;
    return `${line.slice(0, start)}\ue000${line.slice(start, end)}\ue001${line.slice(end)}`;
  });
  return lines.join("\n");
}
// The API counts code points, JavaScript UTF-16 units.
const inUnits = (text, span) => span.map((place) => [...text].slice(0, place).join("").length);
