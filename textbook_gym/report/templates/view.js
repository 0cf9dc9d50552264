"use strict";
const picks = [...document.querySelectorAll("select[data-of]")];
const entries = [...document.querySelectorAll("[data-student]")];
const count = document.getElementById("count");
function choose() {
  let seen = 0;
  for (const entry of entries) {
    entry.hidden = picks.some((p) => p.value !== "" && entry.dataset[p.dataset.of] !== p.value);
    seen += entry.tagName === "TR" && !entry.hidden;
  }
  count.textContent = seen === 1 ? "1 edition" : seen + " editions";
}
function reveal() {
  const target = document.getElementById(location.hash.slice(1));
  for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
  if (target) target.scrollIntoView();
}
for (const pick of picks) pick.addEventListener("change", choose);
addEventListener("hashchange", reveal);
addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#']");
  if (link && link.hash === location.hash) reveal();
  const button = event.target.closest("button[data-open]");
  if (!button) return;
  const open = button.dataset.open === "yes";
  for (const part of button.closest(".course").querySelectorAll("details.exercise")) part.open = open;
});
document.getElementById("choice").hidden = false;
choose();
reveal();
