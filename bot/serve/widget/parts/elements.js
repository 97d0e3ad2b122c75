// --- Elements, and the words in them.
const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  open: "M2.500 2.500h11v8.500h-6l-3 3v-3h-2zM6.300 5.600c.4-1.600 3.400-1.400 3.400.2 0 1.100-1.700 1.200-1.700 2.200M8 9.700v.1",
  close: "M3.500 3.500l9 9M12.500 3.500l-9 9",
  search: "M7 2.500a4.500 4.500 0 1 1 0 9a4.500 4.500 0 1 1 0-9M10.300 10.300l3.700 3.700",
  vote: "M1.500 7h2.500v7h-2.500zM4 7l3-5.500c1.500 0 2 1 1.700 2.200L8.200 6h4.600a1.500 1.500 0 0 1 1.500 1.900l-1.300 5a1.500 1.500 0 0 1-1.500 1.100H4",
};

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (key in element && !key.startsWith("aria")) element[key] = value;
    else element.setAttribute(key, value);
  }
  element.append(...children.filter(Boolean));
  return element;
}
function icon(name) {
  // Drawn by elements: the security policy of the page may forbid images.
  const image = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  image.setAttribute("viewBox", "0 0 16 16");
  image.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  image.append(path);
  return image;
}
const button = (properties, ...children) => make("button", { type: "button", ...properties }, ...children);
const note = (...children) => make("p", { className: "quiet" }, ...children);
const undo = (words, onclick) => button({ className: "undo", onclick }, words);

const fill = (words, values) => words.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
const dates = new Intl.DateTimeFormat(facts.locale, { dateStyle: "long", timeZone: "UTC" });
const day = (iso) => dates.format(new Date(iso));
const isWeb = (address) => /^https?:\/\//.test(address ?? "");

// Articles of the visitor's site open in the same tab: the conversation is still there after the page load.
function link(address, words, className = "") {
  const isHere = new URL(address).origin === location.origin;
  const element = make("a", { href: address, className }, words);
  if (!isHere) Object.assign(element, { target: "_blank", rel: "noopener" });
  else element.addEventListener("click", () => isNarrow() && close());
  return element;
}
