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
    const { home, account } = top.dataset;
    if (!there.pathname.startsWith(home)) return;
    event.preventDefault();
    const inside = { [home]: home.replace(/cabinet\/$/, "inside/"), [account]: account.replace(/cabinet\/account\/$/, "inside/account/") }[there.pathname];
    const form = inside ? top.querySelector("form") : document.getElementById("window");
    if (inside) form.action = inside + there.search;
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
