// --- Suggestions while typing: one request for each pause; arrow keys and Enter choose.
const PAUSE = 180;
const known = new Map();
const list = make("ul", { id: "typed", role: "listbox", "aria-label": texts.typed });
const listLead = note();
const typed = make("div", { className: "typed", hidden: true }, listLead, list);
const announcement = make("p", { className: "unseen", role: "status" });
let pause, request;
let chosen = -1;

function suggestSoon() {
  clearTimeout(pause);
  const words = box.value;
  if (words.trim().length < 3) return offer([]);
  pause = setTimeout(() => suggest(words), PAUSE);
}
async function suggest(words) {
  const key = `${memory.category}\n${words}`;
  if (!known.has(key)) {
    request?.abort();
    request = new AbortController();
    const address = addressOf("suggest");
    address.searchParams.set("q", words.slice(0, MAX_LENGTH));
    if (memory.category) address.searchParams.set("category", memory.category);
    try {
      const response = await fetch(address, { credentials: "omit", signal: request.signal });
      if (!response.ok) return;
      known.set(key, (await response.json()).questions);
    } catch {
      return; // The widget works without suggestions.
    }
  }
  if (box.value === words && shadow.activeElement === box) offer(known.get(key));
}
function stopSuggesting() {
  clearTimeout(pause);
  request?.abort();
  offer([]);
}
function offer(questions, lead = "") {
  const others = questions.filter((question) => question !== box.value.trim());
  chosen = -1;
  listLead.textContent = lead;
  list.replaceChildren(
    ...others.map((question, number) =>
      make(
        "li",
        { id: `typed-${number}`, role: "option", "aria-selected": "false", dir: "auto", onclick: () => take(question) },
        question,
      ),
    ),
  );
  typed.hidden = !others.length;
  if (isSearch) box.setAttribute("aria-expanded", String(!typed.hidden));
  box.removeAttribute("aria-activedescendant");
  announcement.textContent = others.length ? fill(texts.typed_count, { count: others.length }) : "";
}
function take(question) {
  box.value = question;
  ask(question);
}
// The box is part of the cycle: after the last suggestion, and before the first, none is chosen.
function choose(step) {
  const { children } = list;
  chosen = ((chosen + 1 + step + children.length + 1) % (children.length + 1)) - 1;
  [...children].forEach((option, number) => option.setAttribute("aria-selected", String(number === chosen)));
  children[chosen]?.scrollIntoView({ block: "nearest" });
  if (chosen < 0) box.removeAttribute("aria-activedescendant");
  else box.setAttribute("aria-activedescendant", children[chosen].id);
}
function press(event) {
  if (event.isComposing) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && !typed.hidden) choose(step);
  else if (step === 1 && isSearch && !box.value.trim()) unfold();
  else if (event.key === "Enter" && !event.shiftKey) take(list.children[chosen]?.textContent ?? box.value);
  else return;
  event.preventDefault();
}
