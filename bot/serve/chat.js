// Shows each new answer from its beginning: the chat's own scrolling would show its end.
new MutationObserver((changes) => {
  if (!changes.some((change) => [...change.addedNodes].some((node) => node.querySelector?.('[data-testid="user"], [data-testid="bot"]')))) return;
  const questions = document.querySelectorAll('#chat [data-testid="user"]');
  const scroller = document.querySelector("#chat .bubble-wrap");
  const last = questions[questions.length - 1];
  if (last && scroller) scroller.scrollTop += last.getBoundingClientRect().top - scroller.getBoundingClientRect().top - 8;
}).observe(document.documentElement, { childList: true, subtree: true });
