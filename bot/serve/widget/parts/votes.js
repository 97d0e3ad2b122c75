// --- Helpful or not, and why.
function renderVotes(answer) {
  const group = make("div", { className: "votes" });
  const choices = [true, false].map((helpful) => {
    const name = helpful ? "helpful" : "unhelpful";
    const onclick = () => vote(group, answer, helpful);
    return button({ className: name, onclick }, icon("vote"), make("span", {}, texts[name]));
  });
  group.append(...choices, make("span", { role: "status" }));
  showVote(group, turnOf(answer)?.helpful);
  return group;
}
function showVote(group, helpful) {
  group.querySelector(".helpful").setAttribute("aria-pressed", String(helpful === true));
  group.querySelector(".unhelpful").setAttribute("aria-pressed", String(helpful === false));
}
async function vote(group, answer, pressed) {
  const helpful = turnOf(answer)?.helpful === pressed ? null : pressed; // A second press withdraws the vote.
  group.querySelector(".why")?.remove();
  if (!(await store(group, { answer, helpful }))) return;
  remember(answer, helpful);
  showVote(group, helpful);
  if (helpful === null) group.querySelector("[role=status]").textContent = "";
  if (helpful === false) askWhy(group, answer);
}
async function store(group, feedback) {
  const response = await post("feedback", feedback).catch(() => null);
  const isStored = Boolean(response?.ok);
  group.querySelector("[role=status]").textContent = isStored ? texts.thanks : texts.not_stored;
  if (isStored) emit("vote", feedback);
  return isStored;
}
function askWhy(group, answer) {
  const form = renderWhy(answer, async (reason, comment) => {
    if (!(await store(group, { answer, helpful: false, reason, comment }))) return;
    form.remove();
    group.querySelector(".unhelpful").focus();
  });
  group.append(form);
  form.querySelector("input").focus({ preventScroll: true });
  form.scrollIntoView({ block: "nearest" });
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
