// --- Helpful or not, and why.
function renderVotes(answer) {
  const status = make("span", { role: "status" });
  const group = make("div", { className: "votes" });
  const choices = [
    [true, texts.helpful],
    [false, texts.unhelpful],
  ].map(([helpful, words]) =>
    button(
      { "aria-pressed": "false", className: helpful ? "helpful" : "unhelpful", onclick: () => press(helpful) },
      icon("vote"),
      make("span", {}, words),
    ),
  );
  const [, unhelpful] = choices;
  const store = async (vote) => {
    const response = await post("feedback", { answer, ...vote }).catch(() => null);
    status.textContent = response?.ok ? texts.thanks : texts.not_stored;
    if (response?.ok) emit("vote", { answer, ...vote });
    return response?.ok;
  };
  const show = (helpful) =>
    choices.forEach((each, place) => each.setAttribute("aria-pressed", String(helpful === !place)));
  async function press(helpful) {
    const isWithdrawn = choices[helpful ? 0 : 1].getAttribute("aria-pressed") === "true";
    group.querySelector(".why")?.remove();
    if (!(await store({ helpful: isWithdrawn ? null : helpful }))) return;
    show(isWithdrawn ? null : helpful);
    remember(answer, isWithdrawn ? null : helpful);
    if (isWithdrawn) status.textContent = "";
    else if (!helpful) askWhy();
  }
  function askWhy() {
    const form = renderWhy(answer, async (reason, comment) => {
      if (!(await store({ helpful: false, reason, comment }))) return;
      form.remove();
      unhelpful.focus();
    });
    group.append(form);
    form.querySelector("input").focus({ preventScroll: true });
    form.scrollIntoView({ block: "nearest" });
  }
  show(turnOf(answer)?.helpful);
  group.append(...choices, status);
  return group;
}
function renderWhy(answer, send) {
  const choices = facts.reasons.map((value) =>
    make("label", {}, make("input", { type: "radio", name: `why-${answer}`, value }), texts[value]),
  );
  const comment = make("textarea", { rows: 2, maxLength: 2000, placeholder: texts.comment });
  comment.setAttribute("aria-label", texts.comment);
  const form = make("fieldset", { className: "why" }, make("legend", {}, texts.why), ...choices, comment);
  const onclick = () => send(form.querySelector("input:checked")?.value ?? null, comment.value.trim());
  form.append(button({ className: "tell", onclick }, texts.tell));
  return form;
}
