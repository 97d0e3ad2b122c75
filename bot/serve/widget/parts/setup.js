// articlebot's widget: <script src="https://your.host/widget.js" async></script> puts a button and a panel on a page,
// and data-mode="search" a search bar where the line stands. widget.py joins the files of this folder into one function.
// It renders into a shadow root with adopted style sheets only: no styles leak in or out, and it works under a strict
// Content-Security-Policy and Trusted Types (the page must allow this host in script-src and connect-src). It sets no
// cookies; the conversation is kept in the tab's sessionStorage.
const script = document.currentScript;
const settings = script.dataset;
const base = new URL("./", script.src);
const mode = settings.mode === "search" ? "search" : "chat";
const isSearch = mode === "search";
const HOST = `data-articlebot-${mode}`;
if (document.querySelector(`[${HOST}]`)) return; // The line stands on the page twice.
const host = document.createElement("div");
host.setAttribute(HOST, "");
const facts = settings.lang && settings.lang !== served.language ? await inLanguage(settings.lang) : served;
const { texts } = facts;
const nameOf = (category) => facts.categories[category] ?? category;
if (!document.body) await new Promise((done) => document.addEventListener("DOMContentLoaded", done, { once: true }));

async function inLanguage(code) {
  try {
    const response = await fetch(new URL(`widget.json?lang=${encodeURIComponent(code)}`, base), {
      credentials: "omit",
    });
    return await response.json();
  } catch {
    return served;
  }
}
