// --- Opening and closing; what visitors may begin with.
const launcher = button(
  { className: "open", "aria-label": texts.open, "aria-haspopup": "dialog", onclick: () => open() },
  icon("open"),
);
let before = null; // what had the focus when the panel was opened
let beginning = null; // the promise of what visitors may begin with

function open({ takesFocus = true } = {}) {
  if (!panel.open) {
    before = shadow.activeElement ?? document.activeElement;
    follow();
    // On a phone the panel covers the page, which must not be reached behind it.
    if (takesFocus && isNarrow()) panel.showModal();
    else panel.setAttribute("open", ""); // Unlike show(), this leaves the focus where it is.
    changed(true);
    welcome();
    if (memory.turns.length) scrollTo(elements.get(memory.turns.at(-1)));
  }
  if (takesFocus) box.focus();
}
function close() {
  if (!panel.open) return;
  const hadFocus = shadow.activeElement;
  panel.close();
  changed(false);
  const isThere = before?.isConnected && before !== document.body;
  if (hadFocus) (isThere ? before : isSearch ? box : launcher).focus();
}
function changed(isOpen) {
  launcher.hidden = isOpen;
  root.classList.toggle("opened", isOpen);
  memory.isOpen = isOpen;
  save();
  emit(isOpen ? "open" : "close");
}
panel.addEventListener("cancel", (event) => {
  event.preventDefault();
  close();
});

function welcome() {
  beginning ??= requestBeginning();
  return beginning;
}
async function requestBeginning() {
  try {
    const address = addressOf(`start?language=${encodeURIComponent(facts.language)}`);
    const response = await fetch(address, { credentials: "omit" });
    if (!response.ok) throw response;
    const start = await response.json();
    showBeginning(start);
    return start;
  } catch {
    beginning = null; // The next opening requests it again.
    return null;
  }
}
function showBeginning({ questions, often_asked, categories }) {
  greeting.append(
    note(questions.length ? texts.greeting : texts.greeting_bare),
    ...[often_asked && make("p", { className: "label" }, texts.most_asked), renderQuestions(questions)].filter(Boolean),
  );
  showCategories(categories);
}
function showCategories(categories) {
  const total = categories.reduce((sum, each) => sum + each.articles, 0);
  const all = [{ name: "", articles: total }, ...categories];
  category.replaceChildren(
    ...all.map(({ name, articles }) =>
      make("option", { value: name }, `${name ? nameOf(name) : texts.all_articles} (${articles})`),
    ),
  );
  if (!categories.some(({ name }) => name === memory.category)) memory.category = "";
  category.value = memory.category;
  category.hidden = categories.length < 2;
}

// The search bar: what to begin with below the empty box, or the conversation.
async function unfold() {
  if (memory.turns.length) return open();
  const { questions = [], often_asked } = (await welcome()) ?? {};
  if (shadow.activeElement === box && !box.value) offer(questions, often_asked ? texts.most_asked : texts.greeting);
}
function callSearch(event) {
  const { key, ctrlKey, metaKey, altKey, shiftKey } = event;
  const place = event.composedPath()[0];
  const isTyping = place.isContentEditable || place.matches?.("input, textarea, select");
  const isSlash = key === "/" && !isTyping && !ctrlKey && !metaKey && !altKey;
  const isControlK = key?.toLowerCase() === "k" && (ctrlKey || metaKey) && !altKey && !shiftKey;
  if (event.defaultPrevented || !(isSlash || isControlK)) return;
  event.preventDefault();
  box.focus();
  box.select();
  unfold();
}
