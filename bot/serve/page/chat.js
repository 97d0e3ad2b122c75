// The page's own script. It looks every element up when it needs it, since Gradio may render any of them again.
(() => {
  const { base, texts, reasons, longest } = JSON.parse(document.getElementById("page-facts").textContent);
  const find = (selector, within = document) => within.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const last = (selector) => all(selector).pop();
  const make = (name, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };
  // On a touch screen, a keyboard that opens would cover the answer.
  const HAS_KEYBOARD = matchMedia("(hover: hover)").matches;
  const box = () => find("#question textarea");
  const root = () => new URL(base, `${window.gradio_config.root}/`);
  const api = (path) => new URL(`api/v1/${path}`, root());
  const send = (path, body) =>
    reach(api(path), { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

  // --- Asking: show the question at once, and that its answer is looked up, or that the server does not respond; the
  // question stays in the box.
  const DRAWN = 100; // milliseconds in which Gradio has drawn a response
  let pending = 0,
    isOpening = true;
  const reach = window.fetch.bind(window);
  window.fetch = async (...call) => {
    if (!String(call[0]?.url ?? call[0]).includes("/gradio_api/run/")) return reach(...call);
    showError();
    track(1);
    echo(asked(call[1]));
    isOpening = false;
    try {
      const response = await reach(...call);
      if (!response.ok) showError(texts.unreachable);
      return response;
    } catch {
      showError(texts.unreachable);
      // Without a response Gradio would stop handling events.
      return new Response('{"error": null}', { status: 503, headers: { "Content-Type": "application/json" } });
    } finally {
      track(-1);
    }
  };
  function track(change) {
    pending += change;
    document.body.classList.toggle("asking", pending > 0);
    if (!pending) setTimeout(() => pending || endEcho(), DRAWN);
  }
  function asked({ body }) {
    // The question of a request; "" where the last one is asked again, null where none is asked.
    const { data, event_data: event } = JSON.parse(body);
    if (typeof data[0] === "string") return data[0].trim();
    if (event?.value) return event.value.text ?? event.value;
    if (isOpening) return questionOfAddress() || null;
    return data.length ? "" : null;
  }
  function echo(question) {
    const scroller = find("#chat .bubble-wrap");
    if (question === null || !scroller) return;
    endEcho();
    const parts = [make("div", { className: "looking", textContent: texts.looking })];
    if (question) parts.unshift(make("div", { className: "asked", textContent: question }));
    scroller.append(make("div", { id: "echo" }, ...parts));
    scroller.scrollTop = scroller.scrollHeight;
    announce(texts.looking);
  }
  const endEcho = () => document.getElementById("echo")?.remove();

  // --- A question in the address is asked once.
  const oneLine = (words) => words?.trim().replace(/\s+/g, " ") ?? "";
  const questionOfAddress = () => oneLine(new URL(location).searchParams.get("q"));
  function forgetAddress() {
    if (!questionOfAddress() || oneLine(last('#chat [data-testid="user"]')?.textContent) !== questionOfAddress()) return;
    const address = new URL(location);
    ["q", "earlier"].forEach((name) => address.searchParams.delete(name));
    history.replaceState(history.state, "", address);
  }

  // --- One place for errors of this script and of the server, whose message Gradio renders out of sight.
  let heard, ticking;
  function readNotice() {
    const notice = find('#notice [role="alert"]');
    if (!notice || notice.id === heard) return;
    heard = notice.id;
    showError(...notice.cloneNode(true).childNodes);
    endEcho();
  }
  function showError(...sentence) {
    const place = below("trouble", "alert");
    if (!place) return;
    clearInterval(ticking);
    place.replaceChildren(...sentence);
    const seconds = find(".seconds", place);
    // Screen readers do not read a timer out each second.
    seconds?.setAttribute("role", "timer");
    if (seconds) ticking = setInterval(() => --seconds.textContent || showError(), 1000);
  }
  function below(name, role) {
    // An element of our own above the box, created when first needed, and again after Gradio has removed it.
    const form = box()?.closest(".form");
    if (!form) return null;
    const there = document.getElementById(name);
    if (there?.isConnected) return there;
    const place = make("div", { id: name });
    if (role) place.setAttribute("role", role);
    form.before(place);
    return place;
  }

  // --- Count down near the limit of a question.
  const NEAR_LIMIT = 100;
  function countDown() {
    const place = below("left", "status");
    if (!place) return;
    const length = [...box().value.trim()].length;
    const left = texts.characters_left.replace("{count}", longest - length);
    const tooLong = texts.too_long.replace("{length}", length).replace("{longest}", longest);
    place.textContent = length > longest ? tooLong : length > longest - NEAR_LIMIT ? left : "";
  }

  // --- Names for screen readers: Gradio's are English, or the Markdown source.
  const NAMED = { "#question textarea": texts.question, '#chat [role="log"]': texts.conversation };
  const UNNAMED = '#chat :is([data-testid="bot"], [data-testid="user"], .example, .option)[aria-label]';
  function rename() {
    for (const [selector, words] of Object.entries(NAMED)) {
      const element = find(selector);
      if (element && element.getAttribute("aria-label") !== words) element.setAttribute("aria-label", words);
    }
    for (const element of all(UNNAMED)) element.removeAttribute("aria-label");
    // Its children are buttons, not list items.
    find('#chat .examples[role="list"]')?.setAttribute("role", "group");
  }

  // --- Scroll to the question of each new answer; Gradio would scroll to the end of the answer.
  let newest;
  function showNewest() {
    const question = last('#chat [data-testid="user"]');
    const scroller = find("#chat .bubble-wrap");
    if (!question || !scroller) return;
    scroller.scrollTop += question.getBoundingClientRect().top - scroller.getBoundingClientRect().top - 20;
  }
  function keepFocus() {
    // A clicked question takes the focus with it when it disappears.
    const isLost = document.activeElement === document.body || document.activeElement?.matches("#chat .option");
    if (isLost && HAS_KEYBOARD) box()?.focus();
  }
  new MutationObserver(() => {
    rename();
    readNotice();
    const answer = last("#chat .answer")?.id;
    if (answer === newest) return;
    newest = answer;
    endEcho();
    forgetAddress();
    countDown();
    // Two frames: by then the answer and its suggestions are laid out, and the clicked one has gone.
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        showNewest();
        keepFocus();
      }),
    );
  }).observe(document.documentElement, { childList: true, subtree: true });

  // --- Suggestions while typing: one request for each pause; arrow keys and Enter choose.
  const PAUSE = 180;
  const known = new Map();
  let pause,
    request,
    chosen = -1,
    dismissed = "";
  const list = () => document.getElementById("typed-list");
  const offered = () => all("#typed-list [role=option]");
  function typing() {
    clearTimeout(pause);
    const words = box().value;
    if (words.trim().length < 3) return offer([]);
    pause = setTimeout(() => suggest(words), PAUSE);
  }
  async function suggest(words) {
    const category = find("#category input:checked")?.value ?? "";
    const key = `${category}\n${words}`;
    if (!known.has(key)) {
      request?.abort();
      request = new AbortController();
      const address = api("suggest");
      address.searchParams.set("q", words.slice(0, 1000));
      if (category) address.searchParams.set("category", category);
      try {
        const response = await reach(address, { signal: request.signal });
        if (!response.ok) return;
        known.set(key, (await response.json()).questions);
      } catch {
        return; // The page works without suggestions.
      }
    }
    if (box()?.value === words && document.activeElement === box() && words !== dismissed) offer(known.get(key));
  }
  function offer(questions) {
    const place = below("typed");
    if (!place) return;
    chosen = -1;
    place.replaceChildren();
    const others = questions.filter((question) => question !== box().value.trim());
    if (others.length) {
      const options = others.map((question, number) => {
        const option = make("li", { id: `typed-${number}`, textContent: question });
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        return option;
      });
      const shown = make("ul", { id: "typed-list" }, ...options);
      shown.setAttribute("role", "listbox");
      shown.setAttribute("aria-label", texts.typed);
      place.append(shown);
    }
    const input = box();
    input.setAttribute("aria-autocomplete", "list");
    if (others.length) input.setAttribute("aria-controls", "typed-list");
    else input.removeAttribute("aria-controls");
    input.removeAttribute("aria-activedescendant");
    announce(others.length ? texts.typed_count.replace("{count}", others.length) : "");
  }
  function choose(step) {
    // The box is part of the cycle: after the last suggestion, and before the first, none is chosen.
    const options = offered();
    chosen = step ? ((chosen + 1 + step + options.length + 1) % (options.length + 1)) - 1 : -1;
    options.forEach((option, number) => option.setAttribute("aria-selected", String(number === chosen)));
    if (chosen < 0) box().removeAttribute("aria-activedescendant");
    else box().setAttribute("aria-activedescendant", options[chosen].id);
  }
  function take(question) {
    offer([]);
    put(question);
    requestAnimationFrame(() => find("#question .submit-button")?.click());
  }
  function put(words) {
    const input = box();
    dismissed = words;
    input.value = words;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    if (HAS_KEYBOARD) input.focus();
  }
  document.addEventListener("input", (event) => {
    if (event.target !== box()) return;
    countDown();
    if (!find("#trouble .seconds")) showError();
    if (event.target.value === dismissed) return;
    dismissed = "";
    choose(0);
    typing();
  });
  document.addEventListener("focusout", (event) => event.target === box() && list() && offer([]));
  document.addEventListener(
    "mousedown",
    (event) => event.target.closest?.("#typed-list") && event.preventDefault(),
    true,
  );

  function keys(event) {
    if (event.target !== box() || event.isComposing) return;
    if (event.type !== "keydown") {
      // Gradio sends on keypress.
      if (event.key === "Enter" && !event.shiftKey && !box().value.trim()) stop(event);
      return;
    }
    const options = offered();
    if (options.length && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      stop(event);
      choose(event.key === "ArrowDown" ? 1 : -1);
    } else if (options.length && event.key === "Escape") {
      stop(event);
      dismissed = box().value;
      offer([]);
    } else if (event.key === "Enter" && !event.shiftKey) {
      // Do not send an empty box: Gradio would drop a question that follows before the response.
      if (chosen >= 0) {
        stop(event);
        take(options[chosen].textContent);
      } else if (!box().value.trim()) stop(event);
      else {
        clearTimeout(pause);
        request?.abort();
        offer([]);
      }
    }
  }
  function stop(event) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
  document.addEventListener("keydown", keys, true);
  document.addEventListener("keypress", keys, true);

  // --- Announcements for screen readers.
  function announce(sentence) {
    const there = document.getElementById("said") ?? document.body.appendChild(make("div", { id: "said" }));
    there.setAttribute("role", "status");
    there.textContent = sentence;
  }

  // --- The buttons of an answer.
  function questionOf(answer) {
    const number = all('#chat [data-testid="bot"]').findIndex((each) => each.contains(answer));
    return all('#chat [data-testid="user"]')[number]?.innerText.trim() ?? "";
  }
  function asText(answer) {
    const parts = [...answer.querySelectorAll(".none, .other, .part-question, .asked, .words, .origin")];
    const copied = parts.map((part) => (part.matches(".origin") ? originAsText(part) : part.innerText.trim()));
    // The words of a FAQ follow its question; all other words follow the visitor's question.
    const asked = parts[0]?.matches(".asked") ? "" : questionOf(answer);
    return [asked, ...copied].filter(Boolean).join("\n\n");
  }
  function originAsText(origin) {
    const facts = [...origin.querySelectorAll(".title, .facts span")].map((fact) => fact.innerText.trim());
    const link = find("a", origin)?.href ?? "";
    return [facts.length && `— ${facts.join(" · ")}`, link].filter(Boolean).join("\n");
  }
  function addressOf(answer) {
    const address = root();
    address.searchParams.set("q", questionOf(answer));
    return address.href;
  }
  async function copy(words) {
    if (navigator.clipboard) return navigator.clipboard.writeText(words);
    // Without https, browsers offer no clipboard but the selection.
    const hidden = document.body.appendChild(make("textarea", { value: words }));
    hidden.select();
    document.execCommand("copy");
    hidden.remove();
  }
  function note(answer, sentence) {
    const tools = find(".tools", answer);
    const place = find(".done", tools) ?? tools.appendChild(make("span", { className: "done" }));
    place.textContent = sentence;
    announce(sentence);
  }
  async function vote(answer, facts) {
    const response = await send("feedback", { answer: answer.id.replace("answer-", ""), ...facts }).catch(() => null);
    note(answer, response?.ok ? texts.thanks : texts.not_stored);
    return Boolean(response?.ok);
  }
  async function press(answer, button) {
    const isWithdrawn = button.getAttribute("aria-pressed") === "true";
    const helpful = button.classList.contains("helpful");
    find(".why", answer)?.remove();
    if (!(await vote(answer, { helpful: isWithdrawn ? null : helpful }))) return;
    for (const each of answer.querySelectorAll(".helpful, .unhelpful"))
      each.setAttribute("aria-pressed", String(!isWithdrawn && each === button));
    if (isWithdrawn) note(answer, "");
    else if (!helpful) askWhy(answer);
  }
  function askWhy(answer) {
    const name = `why-${answer.id}`;
    const choices = Object.entries(reasons).map(([value, words]) =>
      make("label", {}, make("input", { type: "radio", name, value }), words),
    );
    const comment = make("textarea", { rows: 2, maxLength: 2000, placeholder: texts.comment });
    comment.setAttribute("aria-label", texts.comment);
    const send = make("button", { type: "button", className: "tell", textContent: texts.tell });
    const legend = make("legend", { textContent: texts.why });
    const form = make("fieldset", { className: "why" }, legend, ...choices, comment, send);
    send.addEventListener("click", async () => {
      const reason = find("input:checked", form)?.value ?? null;
      if (await vote(answer, { helpful: false, reason, comment: comment.value.trim() })) form.remove();
    });
    find(".tools", answer).after(form);
    form.scrollIntoView({ block: "nearest" });
    find("input", form).focus({ preventScroll: true });
  }
  const ACTIONS = {
    copy: async (answer) => {
      await copy(asText(answer));
      note(answer, texts.copied);
    },
    link: async (answer) => {
      await copy(addressOf(answer));
      note(answer, texts.linked);
    },
    helpful: press,
    unhelpful: press,
    "as-typed": () => find("#as-typed").click(),
    alone: () => find("#alone").click(),
    everywhere: () => find("#everywhere").click(),
  };
  document.addEventListener(
    "click",
    (event) => {
      const option = event.target.closest?.("#typed-list [role=option]");
      if (option) return take(option.textContent);
      const other = event.target.closest?.("a.language");
      if (other) {
        stop(event);
        return location.assign(other.getAttribute("href"));
      }
      const earlier = event.target.closest?.("#chat .links a");
      if (earlier && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
        stop(event);
        return take(new URL(earlier.href).searchParams.get("q"));
      }
      const button = event.target.closest?.("#chat .answer button");
      const action = button && Object.keys(ACTIONS).find((name) => button.classList.contains(name));
      if (action) return ACTIONS[action](button.closest(".answer"), button);
      if (event.target.closest?.("#question .submit-button") && !box().value.trim()) stop(event);
    },
    true,
  );
})();
