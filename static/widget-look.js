// The preview of the widget's look: the widget itself, with what stands in the form and a made-up customer.
"use strict";

(() => {
  const form = document.getElementById("look");
  const box = document.getElementById("look-preview");
  const stage = box.querySelector(".look-stage");
  const words = JSON.parse(box.dataset.words);
  const sample = JSON.parse(box.dataset.sample);
  const own = ["title", "earn", "spend", "guest"];
  const luminance = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0);
  const contrast = (one, other) => {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };

  function draw() {
    const said = new FormData(form);
    const lang = said.get("language");
    const look = Object.fromEntries(["accent", "ink", "paper", "line", "position"].map((name) => [name, said.get(name)]));
    look.radius = Math.min(24, Math.max(0, Number(said.get("radius")) || 0));
    look.blocks = said.getAll("blocks");
    look.on_accent = contrast(look.accent, "#ffffff") >= 4.5 ? "#ffffff" : "#0f1115";
    const mine = Object.fromEntries(own.map((name) => [name, said.get(name).trim()]).filter(([, text]) => text));
    const setup = { lang, currency: box.dataset.currency, look, words: { ...words[lang], ...mine } };
    for (const old of stage.querySelectorAll("[data-kind]")) {
      const fresh = document.createElement("div");
      fresh.dataset.kind = fresh.dataset.partnerkaWidget = old.dataset.kind;
      old.replaceWith(fresh);
      window.partnerka.show(fresh, setup, sample);
    }
    box.querySelector(".look-hard").hidden = ["ink", "accent"].every((name) => contrast(look[name], look.paper) >= 4.5);
  }

  box.addEventListener("click", (event) => {
    const button = event.target.closest("[data-width]");
    if (!button) return;
    for (const each of box.querySelectorAll("[data-width]")) each.setAttribute("aria-pressed", String(each === button));
    stage.classList.toggle("look-phone", button.dataset.width === "phone");
  });
  form.addEventListener("input", draw);
  form.addEventListener("change", draw);
  draw();
})();
