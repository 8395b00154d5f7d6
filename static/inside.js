// The cabinet inside the shop's page: links go the way of the forms, which carry the session's token.
"use strict";

(() => {
  const top = document.getElementById("inside");
  // The used link is worth nothing; it need not stand in the address either.
  history.replaceState(null, "", location.pathname.replace(/\/inside\/.*$/, "/inside/"));

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (!link || !top || event.defaultPrevented) return;
    const there = new URL(link.href, location.href);
    if (there.origin !== location.origin || link.getAttribute("href").startsWith("#")) return;
    // Both pages stand under two addresses: their own, and the one inside, which tables lead on from.
    const [home, account] = top.querySelectorAll("form");
    const inside = [[home, top.dataset.home], [account, top.dataset.account]]
      .find(([form, own]) => [own, form.dataset.path].includes(there.pathname))?.[0];
    if (!inside && !there.pathname.startsWith(top.dataset.home)) return;
    event.preventDefault();
    const form = inside ?? document.getElementById("window");
    if (inside) form.action = inside.dataset.path + there.search;
    else form.elements.to.value = there.pathname + there.search;
    form.submit();
  });

  // The page around it gives as much height as is wanted; it is told nothing else.
  let told = 0;
  const tell = () => {
    const height = Math.ceil(document.body.getBoundingClientRect().height);
    if (height !== told && self !== parent) parent.postMessage({ type: "partnerka:height", height: (told = height) }, "*");
  };
  window.addEventListener("message", (event) => {
    if (event.source !== parent || event.data !== "partnerka:height") return;
    told = 0;
    tell();
  });
  new ResizeObserver(tell).observe(document.body);
  tell();
})();
