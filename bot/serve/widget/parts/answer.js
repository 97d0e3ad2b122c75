// --- An answer: how the question was read, the quoted words, where they come from, and questions to ask next.
function renderAnswer(turn) {
  const { answer } = turn;
  const quotes = [answer, ...answer.answers].flatMap(renderQuotes);
  const isClosest = answer.status === "closest" && !answer.asked;
  return [
    make(
      "div",
      { className: isClosest ? "answer closest" : "answer" },
      ...notesAbove(turn),
      ...(quotes.length ? quotes : renderRefusal(turn)),
      ...(quotes.length ? notesBelow(turn) : []),
    ),
    renderQuestions(offered(answer)),
  ];
}
function notesAbove(turn) {
  const { corrected, topic, sources, unknown } = turn.answer;
  const again = (how) => () => ask(turn.question, { asTyped: turn.asTyped, alone: turn.alone, ...how }, turn);
  return [
    corrected &&
      note(fill(texts.corrected, { question: corrected }), " ", undo(texts.as_typed, again({ asTyped: true }))),
    topic && sources.length && note(fill(texts.topic, { topic }), " ", undo(texts.alone, again({ alone: true }))),
    unknown.length && note(fill(texts.unknown, { names: unknown.join(", ") })),
  ];
}
function notesBelow({ answer, category }) {
  return [
    answer.sources.some((source) => !isOwnLanguage(source.language)) && note(texts.other_language),
    answer.newer && renderNewer(answer.newer),
    category && note(fill(texts.only_category, { category: nameOf(category) })),
    facts.votes && renderVotes(answer.id),
    answer.status === "closest" && answer.suggestions.length && note(texts.ambiguous),
  ];
}
const isOwnLanguage = (code) => code.split("-")[0] === facts.language.split("-")[0];

function renderRefusal({ answer, category }) {
  if (answer.reply) return [make("p", {}, answer.reply)];
  if (answer.status === "ambiguous") return [make("p", {}, texts.ambiguous)];
  const restricted = () => fill(texts.no_answer_category, { category: nameOf(category), all: texts.all_articles });
  const none = category ? restricted() : texts.no_answer;
  const about = !category && answer.categories.length;
  const notes = [
    about && fill(texts.about, { categories: answer.categories.slice(0, MOST_CATEGORIES).map(nameOf).join(", ") }),
    answer.suggestions.length ? texts.nearest : answer.categories.length && texts.begin,
  ].filter(Boolean);
  return [make("p", {}, none), notes.length && note(notes.join(" "))];
}
// Questions to click, or the categories if none is near.
const MOST_CATEGORIES = 6;
const offered = ({ did_you_mean, suggestions, categories }) =>
  [did_you_mean, suggestions, categories.slice(0, MOST_CATEGORIES)].find((each) => each.length) ?? [];
function renderQuestions(questions) {
  const buttons = questions.map((words) => button({ dir: "auto", onclick: () => ask(words) }, nameOf(words)));
  return questions.length && make("div", { className: "offered" }, ...buttons);
}

function renderQuotes(answer) {
  const isClosest = answer.status === "closest";
  const leads = isClosest ? [texts.closest, texts.also_close] : ["", `${texts.also_likely} · `];
  const parts = answer.sources.flatMap((source, place) => [
    isClosest ? make("p", { className: "lead" }, leads[place]) : note(leads[place] + originOf(source)),
    source.question && make("p", { className: "asked", dir: "auto", lang: source.language }, source.question),
    ...renderQuote(source),
    place === answer.sources.length - 1 && answer.passed.length && renderPassed(answer.passed),
    renderSource(source),
  ]);
  if (!answer.asked || !parts.length) return parts;
  const asked = make("h3", { dir: "auto" }, answer.asked);
  return [make("div", { className: isClosest ? "part closest" : "part" }, asked, ...parts)];
}
function originOf(source) {
  if (source.kind !== "faq") return texts.from_article;
  return source.title === source.question ? texts.from_faq : fill(texts.from_faqs, { title: source.title });
}
function renderQuote(source) {
  const { text, title, language, words } = source;
  const [quote, matched] = [source.quote, source.matched].map((span) => inUnits(text, span));
  const quoted = text.slice(...quote);
  const shift = words.length - quoted.length - quote[0];
  // A list, or a sentence that is the whole quote, stands out by itself.
  const isWhole = String(matched) === String(quote) || text.slice(...matched).includes("\n");
  const highlight = isWhole ? null : matched.map((place) => place + shift);
  const more = quoted.length < text.length && [
    make("summary", {}, texts.more_of_section),
    make("div", { lang: language }, ...renderArticle(text, quote, title)),
  ];
  return [
    make("div", { className: "words", lang: language }, ...renderArticle(words, highlight, title)),
    more && make("details", {}, ...more),
  ];
}
function renderSource({ title, question, section, category, published, updated, link: address }) {
  const path = [title === question ? "" : title, ...section].filter(Boolean).join(" › ");
  const parts = [
    category && nameOf(category),
    published && fill(texts.published, { day: day(published) }),
    updated && fill(texts.updated, { day: day(updated) }),
  ].filter(Boolean);
  const lines = [
    path && make("strong", { dir: "auto" }, path),
    parts.length && make("span", {}, parts.join(" · ")),
    isWeb(address) && link(address, texts.read_more, "read"),
  ].filter(Boolean);
  return lines.length && make("div", { className: "origin" }, ...lines);
}
const renderPassed = (days) =>
  make("p", { className: "passed" }, days.map((each) => fill(texts.passed, { day: day(each) })).join(" "));
function renderNewer({ title, link: address, published, updated }) {
  const changed = [published, updated].filter(Boolean).sort().at(-1);
  const [before, after] = fill(texts.newer, { day: changed ? day(changed) : "" }).split("{title}");
  return note(before, isWeb(address) ? link(address, title) : title, after);
}
