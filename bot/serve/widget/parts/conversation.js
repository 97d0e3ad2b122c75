// --- The conversation: asked of the API, and kept in this tab over page loads.
const MAX_LENGTH = 1000;
const MAX_HISTORY = 20; // messages that are sent with a question, and turns that are kept
const TIMEOUT = 30_000;
const STORED = `articlebot-${mode}`;
const memory = recall();
let isPending = false;

function newId() {
  return Math.random().toString(36).slice(2);
}
function recall() {
  const fresh = { id: newId(), turns: [], category: "", isOpen: null };
  try {
    return { ...fresh, ...JSON.parse(sessionStorage.getItem(STORED)) };
  } catch {
    return fresh;
  }
}
function save() {
  memory.turns = memory.turns.slice(-MAX_HISTORY);
  pageLink.href = pageAddress();
  try {
    sessionStorage.setItem(STORED, JSON.stringify(memory));
  } catch {
    // Where the browser keeps nothing, the conversation ends with the page.
  }
}
const turnOf = (answer) => memory.turns.find((turn) => turn.answer.id === answer);
function remember(answer, helpful) {
  const turn = turnOf(answer);
  if (turn) turn.helpful = helpful;
  save();
}
// The page asks the last questions again, the last one after the others.
function pageAddress() {
  const address = new URL(`?lang=${facts.language}`, base);
  const asked = memory.turns.slice(-6).map((turn) => turn.question.replace(/\s+/g, " "));
  if (asked.length) address.searchParams.set("q", asked.pop());
  if (asked.length) address.searchParams.set("earlier", asked.join("\n"));
  return address.href;
}

const addressOf = (path) => new URL(`api/v1/${path}`, base);
const post = (path, body) =>
  fetch(addressOf(path), {
    method: "POST",
    credentials: "omit",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT),
  });
async function requestAnswer({ question, category, asTyped, alone }, earlier) {
  const said = earlier.flatMap((turn) => [
    { role: "user", content: turn.question },
    { role: "assistant", content: [turn.answer, ...turn.answer.answers].map((each) => each.text).join("\n\n") },
  ]);
  const history = alone ? [] : said.slice(-MAX_HISTORY);
  const body = { question, history, category: category || null, as_typed: asTyped, conversation: memory.id };
  const response = await post("ask", body);
  const reply = await response.json();
  if (response.status === 429) throw fill(texts.too_many, { seconds: reply.seconds });
  if (!response.ok) throw texts.broken;
  return reply;
}

// Ask a question, or ask that of an earlier turn again; return the answer, or null without one.
async function ask(question, { asTyped = false, alone = false } = {}, replaced = null) {
  const words = question.trim().replace(/\s+/g, " ");
  if (!words || isPending) return null;
  stopSuggesting();
  if (!panel.open) open();
  const length = [...words].length;
  if (length > MAX_LENGTH) return showError(fill(texts.too_long, { length, longest: MAX_LENGTH }), words);
  showError("");
  isPending = true;
  const turn = { question: words, category: memory.category, asTyped, alone };
  const place = showPending(turn, replaced);
  const earlier = memory.turns.filter((each) => each !== replaced);
  try {
    turn.answer = await requestAnswer(turn, earlier);
    if (!place.isConnected) return null; // By now there is a new conversation.
    memory.turns = [...earlier, turn];
    save();
    showAnswer(place, turn, replaced);
    emit("answer", turn.answer);
    return turn.answer;
  } catch (error) {
    withdraw(place, replaced);
    return showError(typeof error === "string" ? error : texts.unreachable, words);
  } finally {
    isPending = false;
  }
}
const emit = (name, detail) => document.dispatchEvent(new CustomEvent(`articlebot:${name}`, { detail }));
