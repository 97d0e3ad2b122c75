// Shows each new answer from its question on: the chat's own scrolling would show its end. Brings the focus back from a clicked question.
let answers = 0;
function showNewest() {
  const questions = document.querySelectorAll('#chat [data-testid="user"]');
  const scroller = document.querySelector("#chat .bubble-wrap");
  if (!questions.length || !scroller) return;
  scroller.scrollTop += questions[questions.length - 1].getBoundingClientRect().top - scroller.getBoundingClientRect().top - 20;
}
function keepFocus() {
  // A clicked question goes, and the focus with it. Not on touch screens: the keyboard would cover the answer.
  if (document.activeElement === document.body && matchMedia("(hover: hover)").matches) document.querySelector("#question textarea")?.focus();
}
new MutationObserver(() => {
  const count = document.querySelectorAll('#chat [data-testid="bot"]').length;
  if (count === answers) return;
  answers = count;
  keepFocus();
  // Two frames: the answer is laid out after it is added, its suggestions after that.
  requestAnimationFrame(() => requestAnimationFrame(showNewest));
}).observe(document.documentElement, { childList: true, subtree: true });
