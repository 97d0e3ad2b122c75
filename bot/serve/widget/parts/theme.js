// --- Light or dark: what data-theme says, or else as the page around it, which is dark where its text is light.
const probe = make("span", { className: "probe", hidden: true });

function isDark() {
  if (settings.theme === "light" || settings.theme === "dark") return settings.theme === "dark";
  // The style sheet mixes the page's colour with itself, so that any notation reads as "color(srgb R G B)".
  const [red, green, blue] = getComputedStyle(probe)
    .color.match(/[\d.]+(?:e-\d+)?/g)
    .map(Number);
  return 0.3 * red + 0.6 * green + 0.1 * blue > 0.5;
}
function follow() {
  root.classList.toggle("dark", isDark());
}
function followPage() {
  // Again later: colours may change slowly.
  const soon = () => [0, 400].forEach((wait) => setTimeout(follow, wait));
  const observer = new MutationObserver(soon);
  for (const element of [document.documentElement, document.body]) observer.observe(element, { attributes: true });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", soon);
  addEventListener("load", soon);
  follow();
}
