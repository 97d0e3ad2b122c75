// --- The panel: greeting, conversation and the box for questions.
const trouble = make("p", { className: "trouble", role: "alert" });
const greeting = make("div", { className: "greeting" }, make("p", {}, texts.lead));
const log = make("div", { className: "log", role: "log", "aria-label": texts.conversation, tabIndex: 0 }, greeting);
const box = make(isSearch ? "input" : "textarea", {
  placeholder: texts.placeholder_bare,
  "aria-label": texts.question,
  "aria-autocomplete": "list",
  "aria-controls": "typed",
  dir: "auto",
  autocomplete: "off",
  maxLength: 4000,
  oninput: suggestSoon,
  onkeydown: press,
  onblur: () => offer([]),
  ...(isSearch
    ? { role: "combobox", "aria-expanded": "false", "aria-keyshortcuts": "/ Control+K", enterKeyHint: "search" }
    : { rows: 1, enterKeyHint: "send" }),
});
typed.addEventListener("pointerdown", (event) => event.preventDefault()); // The focus stays in the box.
const form = make("form", isSearch ? { role: "search" } : {});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  ask(box.value);
});
const category = make("select", { "aria-label": texts.articles, hidden: true });
category.addEventListener("change", () => {
  memory.category = category.value;
  save();
});
const pageLink = make("a", { target: "_blank", rel: "noopener", hidden: !facts.page }, texts.whole_page);
const head = make(
  "div",
  { className: "head" },
  make("h2", { id: "title" }, facts.name ? `${texts.title} · ${facts.name}` : texts.title),
  button({ className: "close", "aria-label": texts.close, title: texts.close, onclick: close }, icon("close")),
  category,
);
const foot = make("div", { className: "foot" }, button({ className: "new", onclick: begin }, texts.new), pageLink);
const panel = make("dialog", { id: "panel", "aria-labelledby": "title" }, head, log, trouble);

const isNarrow = () => !isSearch && matchMedia("(max-width: 480px)").matches;
const isTouched = () => matchMedia("(hover: none)").matches;
const scrollTo = (place) => log.scrollTo({ top: place.offsetTop - 8 });

const renderAsked = (turn) => make("p", { className: "visitor", dir: "auto" }, turn.question);
function showPending(turn, replaced) {
  const place = make("div", { className: "turn", tabIndex: -1 }, renderAsked(turn), note(texts.looking));
  const old = replaced && elements.get(replaced);
  if (old) old.hidden = true;
  if (!replaced && box.value.trim().replace(/\s+/g, " ") === turn.question) box.value = "";
  log.append(place);
  scrollTo(place);
  // The clicked question disappears. On a touch screen the keyboard would cover the answer.
  (isTouched() ? place : box).focus({ preventScroll: true });
  return place;
}
const elements = new Map(); // the element of each turn
function showAnswer(place, turn, replaced) {
  elements.get(replaced)?.remove();
  elements.set(turn, place);
  place.lastChild.replaceWith(...renderAnswer(turn).filter(Boolean));
  scrollTo(place);
}
function withdraw(place, replaced) {
  const hadFocus = shadow.activeElement === place;
  const old = elements.get(replaced);
  if (old) old.hidden = false;
  place.remove();
  if (hadFocus) box.focus({ preventScroll: true });
}
// Show why a question has no answer; it goes back into the box.
function showError(sentence, question = "") {
  trouble.textContent = sentence;
  if (question && !box.value.trim()) box.value = question;
  return null;
}
function forget() {
  Object.assign(memory, { id: newId(), turns: [] });
  elements.clear();
  log.replaceChildren(greeting);
}
function begin() {
  forget();
  showError("");
  save();
  box.focus();
}
