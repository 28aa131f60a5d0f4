// Everything works without this file; it adds copying, printing and hiding with Escape.
"use strict";
for (const button of document.querySelectorAll("button.copy")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    const text = source.innerText.trim();
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const range = document.createRange();
      range.selectNodeContents(source);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      document.execCommand("copy");
    }
    const label = button.textContent;
    button.textContent = button.dataset.done;
    button.setAttribute("aria-live", "polite");
    setTimeout(() => { button.textContent = label; }, 1600);
  });
}
for (const button of document.querySelectorAll("button.print")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
// Escape hides what a claim rests on without moving pointer or focus; it shows again on the next visit.
addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const shown of document.querySelectorAll(".rests:hover, .rests:focus-within")) {
    if (shown.contains(document.activeElement)) shown.querySelector(".claim").focus();
    shown.classList.add("hushed");
    for (const next of ["focusout", "mouseenter"]) shown.addEventListener(next, () => shown.classList.remove("hushed"), { once: true });
  }
});
// A second click on a form's button must not send the form twice.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    form.setAttribute("aria-busy", "true");
  });
}
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) { delete form.dataset.sent; form.removeAttribute("aria-busy"); }
});
