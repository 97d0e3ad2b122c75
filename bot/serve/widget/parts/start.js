// --- The parts in their places, the conversation as it was, and the interface for the page's own scripts.
const side = settings.position === "left" ? "left" : "right";
const root = make("div", { className: `root ${mode} ${side}`, dir: facts.direction });
const shadow = host.attachShadow({ mode: "open" });
const sheet = new CSSStyleSheet();

function build() {
  sheet.replaceSync(style);
  shadow.adoptedStyleSheets = [sheet];
  host.lang = facts.language;
  host.dir = facts.direction;
  if (isSearch) {
    form.append(icon("search"), box, make("kbd", { "aria-hidden": "true" }, "/"), typed, announcement);
    panel.append(foot);
    root.append(form, panel);
  } else {
    form.append(box, button({ type: "submit", className: "send" }, texts.send), typed, announcement);
    panel.append(form, foot);
    root.append(launcher, panel);
  }
  // Styles of the page reach the host of the shadow root, but not its reset child.
  shadow.append(probe, root);
  if (isSearch && document.body?.contains(script)) script.after(host);
  else document.body.append(host);
}
function listen() {
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || (typed.hidden && !panel.open)) return;
    event.preventDefault();
    if (typed.hidden) close();
    else offer([]);
  });
  if (!isSearch) return;
  box.addEventListener("click", () => box.value.trim() || unfold());
  document.addEventListener("keydown", callSearch);
  document.addEventListener("pointerdown", (event) => event.composedPath().includes(host) || close());
  host.addEventListener("focusout", ({ relatedTarget }) => relatedTarget && close());
}
function restore() {
  try {
    for (const turn of memory.turns) {
      const place = make("div", { className: "turn", tabIndex: -1 }, renderAsked(turn), note());
      log.append(place);
      showAnswer(place, turn, null);
    }
  } catch {
    forget(); // It was stored by another version.
  }
  pageLink.href = pageAddress();
}

build();
followPage();
listen();
restore();
const api = { open: () => open(), close, ask: (question) => ask(String(question)) };
// The panel has the name where a page has both.
if (!isSearch || !window.articlebot) window.articlebot = api;
emit("ready", api);
// On a phone the panel would cover the page unasked.
if (!isSearch && !isNarrow() && (memory.isOpen ?? "open" in settings)) open({ takesFocus: false });
