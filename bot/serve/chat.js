// Shows each new answer from its question on: the chat's own scrolling would show its end. Brings the focus back from a clicked question.
let answers = 0;
function showNewest() {
  const questions = document.querySelectorAll('#chat [data-testid="user"]');
  const scroller = document.querySelector("#chat .bubble-wrap");
  if (!questions.length || !scroller) return;
  scroller.scrollTop += questions[questions.length - 1].getBoundingClientRect().top - scroller.getBoundingClientRect().top - 20;
}
function keepFocus() {
  // A clicked question goes, and the focus with it, or its button stays and asks another. Not on touch screens: the keyboard would cover the answer.
  const astray = document.activeElement === document.body || document.activeElement?.matches("#chat .option");
  if (astray && matchMedia("(hover: hover)").matches) document.querySelector("#question textarea")?.focus();
}
new MutationObserver(() => {
  const count = document.querySelectorAll('#chat [data-testid="bot"]').length;
  if (count === answers) return;
  answers = count;
  // Two frames: the answer is laid out after it is added, its suggestions after that, and the clicked one is gone by then.
  requestAnimationFrame(() => requestAnimationFrame(() => { showNewest(); keepFocus(); }));
}).observe(document.documentElement, { childList: true, subtree: true });
// Nothing typed asks nothing: while such an event is under way Gradio would drop the question that follows it.
function onlyWithWords(event) {
  const sends = event.type === "click" ? event.target.closest("#question button") : event.key === "Enter" && !event.shiftKey && event.target.closest("#question");
  if (sends && !document.querySelector("#question textarea").value.trim()) { event.preventDefault(); event.stopImmediatePropagation(); }
}
for (const type of ["keydown", "keypress", "click"]) document.addEventListener(type, onlyWithWords, true);
