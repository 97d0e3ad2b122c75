// articlebot's widget: <script src="https://your.host/widget.js" async></script> puts a button and a panel on a page.
// It renders into a shadow root with adopted style sheets only: no styles leak in or out, and it works under a strict
// Content-Security-Policy and Trusted Types (the page must allow this host in script-src and connect-src). It sets no
// cookies and stores nothing.
(() => {
  const { language, direction, locale, name, colours, texts, votes: takesVotes } = __FACTS__;
  const script = document.currentScript;
  const base = new URL("./", script.src);
  const side = script.dataset.side === "left" ? "left" : "right";
  const MAX_LENGTH = 1000,
    MAX_HISTORY = 20;
  const said = [];
  const conversation = Math.random().toString(36).slice(2);

  const make = (tag, properties = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [key, value] of Object.entries(properties)) {
      if (key in element && !key.startsWith("aria")) element[key] = value;
      else element.setAttribute(key, value);
    }
    element.append(...children.filter((child) => child !== null && child !== ""));
    return element;
  };
  const fill = (words, facts) => words.replace(/\{(\w+)\}/g, (whole, key) => facts[key] ?? whole);
  const dates = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeZone: "UTC" });
  const day = (iso) => dates.format(new Date(iso));
  const isWeb = (link) => /^https?:\/\//.test(link ?? "");

  // Render the plain form of an article: paragraphs, lists, quotations and tables.
  function render(text) {
    return text.split(/\n{2,}/).flatMap((block) => {
      const lines = block.split("\n").filter((line) => line.trim());
      const runs = [];
      for (const line of lines) {
        const kind = /^\s*[-*+]\s/.test(line)
          ? "ul"
          : /^\s*\d+[.)]\s/.test(line)
            ? "ol"
            : /^\s*>/.test(line)
              ? "blockquote"
              : /^\s*\|/.test(line)
                ? "table"
                : "p";
        if (runs.at(-1)?.kind === kind) runs.at(-1).lines.push(line);
        else runs.push({ kind, lines: [line] });
      }
      return runs.map(({ kind, lines }) => {
        if (kind === "table") return table(lines);
        if (kind === "p" || kind === "blockquote")
          return make(kind, { dir: "auto" }, lines.map((line) => line.replace(/^\s*>\s?/, "")).join("\n"));
        const items = lines.map((line) => make("li", { dir: "auto" }, line.replace(/^\s*(?:[-*+]|\d+[.)])\s+/, "")));
        return make(kind, kind === "ol" ? { start: parseInt(lines[0], 10) } : {}, ...items);
      });
    });
  }
  function table(lines) {
    const rows = lines
      .filter((line) => !/^[\s|:-]+$/.test(line))
      .map((line) =>
        line
          .trim()
          .replace(/^\||\|$/g, "")
          .split(/(?<!\\)\|/),
      );
    const cells = (row, tag) =>
      make("tr", {}, ...row.map((cell) => make(tag, { dir: "auto" }, cell.trim().replace(/\\\|/g, "|"))));
    return make(
      "div",
      { className: "wide", tabIndex: 0 },
      make("table", {}, ...rows.map((row, number) => cells(row, number ? "td" : "th"))),
    );
  }

  function source(one) {
    const facts = [
      make(
        "strong",
        { dir: "auto" },
        [one.title === one.question ? "" : one.title, ...one.section].filter(Boolean).join(" › "),
      ),
      one.category ?? "",
      one.published ? fill(texts.published, { day: day(one.published) }) : "",
      one.updated ? fill(texts.updated, { day: day(one.updated) }) : "",
    ].filter((part) => (part.textContent ?? part) !== "");
    const line = make(
      "p",
      { className: "origin" },
      ...facts.flatMap((part, number) => (number ? [" · ", part] : [part])),
    );
    if (isWeb(one.link))
      line.append(
        facts.length ? " · " : "",
        make("a", { href: one.link, target: "_blank", rel: "noopener" }, texts.read_more),
      );
    return line;
  }
  function confidence(one) {
    if (one.kind !== "faq") return texts.from_article;
    return one.title === one.question ? texts.from_faq : fill(texts.from_faqs, { title: one.title });
  }
  function renderQuotes(answer) {
    const isClosest = answer.status === "closest";
    const parts = answer.asked ? [make("p", { className: "asked", dir: "auto" }, answer.asked)] : [];
    for (const one of answer.sources) {
      parts.push(isClosest ? make("p", {}, texts.closest) : make("p", { className: "quiet sure" }, confidence(one)));
      if (one.question) parts.push(make("p", { className: "asked", dir: "auto" }, one.question));
      const words = render(one.text.slice(...codePoints(one.text, one.quote)));
      parts.push(make("div", { className: "words" }, ...words), source(one));
    }
    return answer.asked && isClosest ? [make("div", { className: "closest" }, ...parts)] : parts;
  }
  function renderAnswer(answer) {
    const parts = [];
    const isClosest = answer.status === "closest";
    if (answer.corrected)
      parts.push(make("p", { className: "quiet" }, fill(texts.corrected, { question: answer.corrected })));
    if (answer.topic && answer.sources.length)
      parts.push(make("p", { className: "quiet" }, fill(texts.topic, { topic: answer.topic })));
    if (answer.unknown.length)
      parts.push(make("p", { className: "quiet" }, fill(texts.unknown, { names: answer.unknown.join(", ") })));
    for (const each of [answer, ...answer.answers]) parts.push(...renderQuotes(each));
    if (!answer.sources.length) {
      const none = answer.reply ?? (answer.did_you_mean.length ? texts.ambiguous : texts.no_answer);
      parts.push(make("p", {}, none));
      if (!answer.reply && offered(answer).length && !answer.did_you_mean.length)
        parts.push(make("p", { className: "quiet" }, answer.suggestions.length ? texts.nearest : texts.begin));
    } else if (takesVotes) parts.push(votes(answer.id));
    if (isClosest && answer.suggestions.length) parts.push(make("p", { className: "quiet" }, texts.ambiguous));
    return [
      make("div", { className: isClosest ? "answer closest" : "answer" }, ...parts),
      renderQuestions(offered(answer)),
    ];
  }
  // Questions to click, or the categories if none is near.
  const offered = (answer) =>
    [answer.did_you_mean, answer.suggestions, answer.categories.slice(0, 6)].find((each) => each.length) ?? [];
  // Spans count code points; strings in JavaScript count UTF-16 units.
  const codePoints = (text, span) => span.map((place) => [...text].slice(0, place).join("").length);
  function renderQuestions(questions) {
    return questions.length
      ? make(
          "div",
          { className: "offered" },
          ...questions.map((question) =>
            make("button", { type: "button", dir: "auto", onclick: () => ask(question) }, question),
          ),
        )
      : "";
  }
  function votes(answer) {
    const status = make("span", { role: "status" });
    const button = (words, helpful) =>
      make(
        "button",
        {
          type: "button",
          "aria-pressed": "false",
          onclick: async (event) => {
            const pressed = event.currentTarget;
            const isWithdrawn = pressed.getAttribute("aria-pressed") === "true";
            const response = await post("feedback", { answer, helpful: isWithdrawn ? null : helpful }).catch(
              () => null,
            );
            status.textContent = response?.ok ? (isWithdrawn ? "" : texts.thanks) : texts.not_stored;
            if (response?.ok)
              for (const one of pressed.parentNode.querySelectorAll("button"))
                one.setAttribute("aria-pressed", String(one === pressed && !isWithdrawn));
          },
        },
        words,
      );
    return make("div", { className: "votes" }, button(texts.helpful, true), button(texts.unhelpful, false), status);
  }

  const post = (path, body) =>
    fetch(new URL(`api/v1/${path}`, base), {
      method: "POST",
      credentials: "omit",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  let isPending = false;
  async function ask(question) {
    const words = question.trim().replace(/\s+/g, " ");
    if (!words || isPending) return;
    if ([...words].length > MAX_LENGTH)
      return showError(fill(texts.too_long, { length: [...words].length, longest: MAX_LENGTH }));
    showError("");
    isPending = true;
    log.querySelectorAll(".offered").forEach((old) => old.remove());
    const turn = make(
      "div",
      { className: "turn" },
      make("p", { className: "visitor", dir: "auto" }, words),
      make("p", { className: "quiet looking" }, texts.looking),
    );
    log.append(turn);
    turn.scrollIntoView({ block: "start" });
    try {
      const response = await post("ask", { question: words, history: said.slice(-MAX_HISTORY), conversation });
      const body = await response.json();
      if (response.status === 429) throw fill(texts.too_many, { seconds: body.seconds });
      if (!response.ok) throw texts.broken;
      turn.lastChild.replaceWith(...renderAnswer(body).filter(Boolean));
      said.push({ role: "user", content: words }, { role: "assistant", content: body.text });
      if (box.value.trim() === question.trim()) box.value = "";
    } catch (error) {
      turn.remove();
      if (!box.value.trim()) box.value = words;
      showError(typeof error === "string" ? error : texts.unreachable);
    }
    isPending = false;
    turn.scrollIntoView({ block: "start" });
    box.focus({ preventScroll: true });
  }
  const showError = (sentence) => {
    trouble.textContent = sentence;
  };

  function show(open) {
    panel.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    button.hidden = open;
    (open ? box : button).focus();
  }

  const box = make("textarea", {
    rows: 1,
    placeholder: texts.placeholder_bare,
    "aria-label": texts.question,
    dir: "auto",
    enterKeyHint: "send",
    maxLength: 4000,
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      ask(box.value);
    }
  });
  const log = make(
    "div",
    { className: "log", role: "log", "aria-label": texts.conversation, tabIndex: 0 },
    make("p", { className: "quiet" }, `${texts.lead} ${texts.greeting_bare}`),
  );
  const trouble = make("p", { className: "trouble", role: "alert" });
  const form = make("form", {}, box, make("button", { type: "submit", className: "send" }, texts.send));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(box.value);
  });
  const heading = make("h2", { id: "title" }, name ? `${texts.title} · ${name}` : texts.title);
  const page = make(
    "a",
    { href: new URL(`?lang=${language}`, base).href, target: "_blank", rel: "noopener" },
    texts.whole_page,
  );
  const close = make(
    "button",
    { type: "button", className: "close", "aria-label": texts.close, onclick: () => show(false) },
    "✕",
  );
  const panel = make(
    "section",
    { id: "panel", hidden: true, role: "dialog", "aria-labelledby": "title" },
    make("header", {}, heading, page, close),
    log,
    trouble,
    form,
  );
  panel.addEventListener("keydown", (event) => event.key === "Escape" && show(false));
  const button = make(
    "button",
    {
      type: "button",
      className: "open",
      "aria-label": texts.open,
      "aria-expanded": "false",
      "aria-controls": "panel",
      onclick: () => show(true),
    },
    "?",
  );

  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
.root { all: initial; display: block; --accent: ${colours.accent}; --on: #fff; --ground: ${colours.ground}; --page: #fff; --ink: #1d2935; --quiet: #52606d; --line: #d9e0e7; --edge: #84919e; --wrong: #a4260f;
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; color: var(--ink); position: fixed; z-index: 2147483000; bottom: 16px; ${side}: 16px; }
@media (prefers-color-scheme: dark) { .root { --accent: ${colours.accentDark}; --on: #06121f; --ground: ${colours.groundDark}; --page: #0d141d; --ink: #e6ecf2; --quiet: #a9b6c4; --line: #2e3b4a; --edge: #6b7a8b; --wrong: #ffb4a6; color-scheme: dark; } }
.root, .root * { box-sizing: border-box; } [hidden] { display: none !important; }
button, textarea { font: inherit; color: inherit; }
button { cursor: pointer; background: none; border: 0; padding: 0; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.open { display: block; width: 56px; height: 56px; border-radius: 50%; background: var(--accent); color: var(--on); font-size: 26px; font-weight: 700; box-shadow: 0 4px 16px rgb(0 0 0 / 28%); }
section { display: flex; flex-direction: column; width: min(400px, calc(100vw - 32px)); height: min(640px, calc(100dvh - 32px)); background: var(--page); border: 1px solid var(--line); border-radius: 16px; box-shadow: 0 12px 40px rgb(0 0 0 / 28%); overflow: hidden; }
header { display: flex; align-items: center; gap: 12px; padding: 12px 16px; border-bottom: 1px solid var(--line); }
h2 { flex: 1; margin: 0; font-size: 16px; line-height: 1.4; min-width: 0; overflow-wrap: anywhere; }
a { color: var(--accent); font-weight: 600; text-underline-offset: 2px; } header a { font-size: 14px; }
.close { width: 32px; height: 32px; border-radius: 8px; flex: none; }
.log { flex: 1; overflow-y: auto; padding: 12px 16px; overflow-wrap: anywhere; scroll-behavior: smooth; }
.turn { scroll-margin: 8px; } p, ul, ol, blockquote { margin: 0 0 8px; } ul, ol { padding-inline-start: 22px; } p { white-space: pre-line; }
.visitor { width: fit-content; max-width: 100%; margin-inline-start: auto; padding: 6px 12px; border: 1px solid var(--accent); border-radius: 14px; }
.answer { background: var(--ground); border: 1px solid var(--line); border-radius: 14px; padding: 12px; margin-bottom: 8px; }
.answer > :last-child { margin-bottom: 0; } .asked { font-weight: 700; } .quiet, .origin { font-size: 14px; color: var(--quiet); } .sure { font-weight: 600; margin-bottom: 4px; }
.closest :is(.asked, .words) { color: var(--quiet); padding-inline-start: 12px; border-inline-start: 3px solid var(--line); } .closest .asked { font-weight: 600; margin: 0; padding-bottom: 8px; } .closest .words > :last-child { margin-bottom: 0; } .closest .words { margin-bottom: 8px; }
.origin { border-top: 1px solid var(--line); padding-top: 8px; } .origin strong { color: var(--ink); }
.wide { overflow-x: auto; margin-bottom: 8px; } table { border-collapse: collapse; font-size: 14.4px; } th, td { text-align: start; vertical-align: top; padding: 4px 12px 4px 0; border-bottom: 1px solid var(--line); }
blockquote { border-inline-start: 3px solid var(--line); padding-inline-start: 12px; }
.offered { display: flex; flex-direction: column; gap: 6px; margin-bottom: 12px; }
.offered button { text-align: start; padding: 8px 12px; border: 1px solid var(--edge); border-radius: 12px; font-size: 14px; line-height: 1.4; } .offered button:hover { border-color: var(--accent); }
.votes { display: flex; flex-wrap: wrap; gap: 4px 16px; font-size: 14px; color: var(--quiet); } .votes button { text-decoration: underline; text-underline-offset: 2px; min-height: 24px; } .votes button[aria-pressed="true"] { color: var(--accent); font-weight: 600; } .votes + .quiet { margin-top: 8px; }
.trouble { margin: 0 16px 8px; color: var(--wrong); font-size: 14px; font-weight: 600; } .trouble:empty { display: none; }
form { display: flex; gap: 8px; align-items: center; margin: 0 12px 12px; padding: 6px; border: 1px solid var(--edge); border-radius: 14px; } form:focus-within { border-color: var(--accent); box-shadow: 0 0 0 1px var(--accent); }
textarea { flex: 1; min-width: 0; resize: none; border: 0; outline: 0 !important; background: transparent; padding: 6px 8px; field-sizing: content; max-height: 6em; } textarea::placeholder { color: var(--quiet); opacity: 1; }
.send { background: var(--accent); color: var(--on); font-weight: 600; border-radius: 10px; padding: 8px 14px; }
@media (max-width: 480px) { section { position: fixed; inset: 0; width: 100vw; height: 100dvh; border: 0; border-radius: 0; } }
@media (prefers-reduced-motion: reduce) { * { scroll-behavior: auto !important; } }`);

  function start() {
    const host = make("div", { lang: language, dir: direction, "data-articlebot": "" });
    const shadow = host.attachShadow({ mode: "open" });
    shadow.adoptedStyleSheets = [sheet];
    // Styles of the page reach the host of the shadow root, but not its reset child.
    shadow.append(make("div", { className: "root", dir: direction }, button, panel));
    document.body.append(host);
  }
  if (document.body) start();
  else document.addEventListener("DOMContentLoaded", start);
})();
