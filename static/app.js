// What the pages gain from script. Everything here is an ease: each page works without it.
"use strict";

(() => {
  const root = document.documentElement;
  root.classList.add("has-script");

  // Copying: the button says that it is done, and says so to those who listen.
  async function copy(button) {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      return; // the text stands beside the button and can be marked by hand
    }
    const words = button.querySelector("span");
    const before = words.textContent;
    words.textContent = button.dataset.copied;
    button.dataset.done = "";
    setTimeout(() => {
      words.textContent = before;
      delete button.dataset.done;
    }, 1600);
  }

  function offline() {
    const box = document.getElementById("toasts");
    const words = document.getElementById("toast-offline");
    if (box && words && !box.querySelector("[data-toast=stay]")) box.append(words.content.cloneNode(true));
  }

  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    const copied = at("[data-copy]");
    if (copied) copy(copied);
    if (at("[data-print]")) window.print();
    const closer = at("[data-close]");
    if (closer) closer.closest("[data-toast]").remove();
    const opener = at("[data-dialog]");
    if (opener) {
      event.preventDefault();
      document.getElementById(opener.dataset.dialog).showModal();
    }
    if (at("[data-dialog-close]")) {
      event.preventDefault();
      at("dialog").close();
    }
    if (event.target.matches("dialog")) event.target.close(); // the backdrop
    for (const open of document.querySelectorAll("details.drop[open]")) {
      if (!open.contains(event.target)) open.open = false;
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const open = document.querySelector("details.drop[open]");
      if (open) {
        open.open = false;
        open.querySelector("summary").focus();
      }
    }
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    const wanted = (event.key === "/" && !typing) || (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey));
    const search = document.querySelector("[data-search]");
    if (wanted && search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  });

  // A button is a link in our markup where it must work without script; the space bar presses it too.
  document.addEventListener("keydown", (event) => {
    if (event.key === " " && event.target.matches("a[role=button]")) {
      event.preventDefault();
      event.target.click();
    }
  });

  // Charts: the library comes only to pages that draw one.
  let drawing = null;

  function library() {
    const source = document.querySelector("meta[name=charts]");
    const style = document.createElement("link");
    style.rel = "stylesheet";
    style.href = source.dataset.style;
    const script = document.createElement("script");
    script.src = source.content;
    document.head.append(style, script);
    return new Promise((done) => script.addEventListener("load", done));
  }

  function draw(box) {
    box.dataset.drawn = "";
    const data = JSON.parse(box.dataset.chart);
    const look = getComputedStyle(box);
    // The browser resolves light-dark() and color-mix() in a real property only.
    const colour = (name) => {
      const probe = document.createElement("i");
      probe.style.color = `var(${name})`;
      box.append(probe);
      const found = getComputedStyle(probe).color;
      probe.remove();
      return found;
    };
    const font = `12px ${look.fontFamily}`;
    const written = new Intl.NumberFormat(root.lang, { notation: "compact", maximumFractionDigits: 1 });
    const short = new Intl.DateTimeFormat(root.lang, { day: "numeric", month: "short", timeZone: "UTC" });
    const axis = { stroke: colour("--quiet"), font, grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
    const units = [...new Set(data.series.map((s) => s.unit))];
    const words = Math.max(0, ...(data.labels ?? []).map((label) => label.length));
    const series = data.series.map((s, n) => ({
      label: s.label,
      scale: `y${units.indexOf(s.unit)}`,
      stroke: colour(`--series-${n + 1}`),
      width: 1.75,
      ...(s.past ? { dash: [4, 4] } : {}),
      points: { show: Boolean(data.bars && n) }, // bars that stand behind one another would hide each other
      ...(data.bars && !n ? { paths: uPlot.paths.bars({ size: [0.6, 24], radius: 0.15 }), fill: colour(`--series-${n + 1}`) } : {}),
    }));
    const sides = units.map((unit, n) => ({
      ...axis,
      scale: `y${n}`,
      side: n ? 1 : 3,
      size: (_plot, words) => 18 + 6.6 * Math.max(5, ...(words ?? []).map((word) => word.length)),
      grid: n ? { show: false } : axis.grid,
      values: (_plot, ticks) => ticks.map((v) => (v == null ? "" : `${written.format(v)}${unit ? `\u00a0${unit}` : ""}`)),
    }));
    const scales = Object.fromEntries(units.map((_unit, n) => [`y${n}`, { range: (_u, _low, high) => [0, high * 1.08 || 1] }]));
    const plot = new uPlot(
      {
        width: box.clientWidth,
        height: 224,
        cursor: { y: false, points: { size: 7 } },
        legend: { show: false },
        scales: { x: { time: false }, ...scales },
        axes: [
          { ...axis, size: 30, space: Math.max(50, 14 + 6.6 * words), grid: { show: false }, values: (_plot, ticks) => ticks.map((v) => (Number.isInteger(v) && data.days[v] ? data.labels ? data.labels[v] : short.format(new Date(`${data.days[v]}T00:00Z`)) : "")) },
          ...sides,
        ],
        series: [{}, ...series],
      },
      [data.days.map((_day, n) => n), ...data.series.map((s) => s.values)],
      box,
    );
    new ResizeObserver(() => plot.setSize({ width: box.clientWidth, height: 224 })).observe(box);
  }

  async function charts() {
    const waiting = document.querySelectorAll("[data-chart]:not([data-drawn])");
    if (!waiting.length) return;
    drawing ||= library();
    await drawing;
    for (const box of waiting) if (!("drawn" in box.dataset)) draw(box);
  }

  function settle() {
    charts();
    for (const note of document.querySelectorAll("[data-toast='']")) {
      note.dataset.toast = "seen";
      const leave = () => note.remove();
      let timer = setTimeout(leave, 7000);
      note.addEventListener("pointerenter", () => clearTimeout(timer));
      note.addEventListener("focusin", () => clearTimeout(timer));
      note.addEventListener("pointerleave", () => (timer = setTimeout(leave, 3000)));
    }
    document.querySelector("[data-focus]")?.focus();
  }

  // Addresses stay readable: what was left empty is not sent.
  document.addEventListener("htmx:config:request", (event) => {
    const { request } = event.detail.ctx;
    if (request.method !== "GET" || !request.body) return;
    for (const [name, value] of [...request.body]) if (value === "") request.body.delete(name);
  });
  document.addEventListener("htmx:error", offline);
  document.addEventListener("htmx:after:swap", settle);
  settle();
})();
