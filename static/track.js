// The landing script: remembers, in a cookie of the shop's own, through whose link a visitor came.
// Served as /t/<merchant>.js with the merchant's settings in place of the last line's word.
(function ([names, days, first, sites]) {
  const w = window, d = document, me = d.currentScript, key = "partnerka_click"
  if (w.partnerka && w.partnerka.click || !me) return
  const base = me.src.replace(/\.js[^/]*$/, ""), data = me.dataset
  let allowed = data.consent != "wait", value = "", code, fresh, waiting, lead
  try {
    value = decodeURIComponent((d.cookie.match(/(?:^|; )partnerka_click=([^;]*)/) || [])[1] || "")
  } catch {}

  const put = (text, age) =>
    d.cookie = key + "=" + encodeURIComponent(text) + ";path=/;SameSite=Lax;max-age=" + age +
      (location.protocol == "https:" ? ";Secure" : "") + (data.domain ? ";domain=" + data.domain : "")
  const fill = () => d.querySelectorAll(`input[name=${key}]`).forEach(field => field.value = value)
  const keep = () => {
    if (allowed && value && value == fresh) put(value, days * 86400)
    fill()
  }
  // Told once in a page view, and not before consent. The answer is the click's token; until it is
  // here, and where the way to us is blocked, the code itself is the evidence.
  const tell = () => {
    if (!waiting || !allowed) return
    waiting = 0
    fetch(base + "/hit?" + new URLSearchParams({ref: code || "", page: location.origin + location.pathname,
      from: d.referrer.split("?")[0]}), {method: "POST", keepalive: true, credentials: "omit"})
      .then(answer => {
        const token = answer.headers.get("Partnerka-Click")
        if (token && value == fresh) {
          value = fresh = token
          keep()
        }
      }, () => {})
  }
  const start = () => {
    const query = new URLSearchParams(location.search), click = query.get("click") || ""
    const [entry] = performance.getEntriesByType("navigation")
    code = names.map(name => query.get(name)).find(Boolean)
    // A page that is shown again, or inside another page, is no new visit.
    if (self != top || (value && entry && entry.type != "navigate")) code = ""
    // A visitor from another site: it may be a partner's, where the merchant has such.
    else if (sites && !code && !value) {
      fresh = ""
      waiting = d.referrer && d.referrer.indexOf(location.origin)
    }
    if (code) {
      waiting = !/^ck_/.test(click)
      fresh = waiting ? "ref:" + code : click
      if (!first || !value) value = fresh
    }
    keep()
    tell()
  }

  // The widget may have come first.
  w.partnerka = Object.assign(w.partnerka || {}, {
    click: () => value,
    consent: yes => {
      allowed = yes
      if (yes) {
        keep()
        tell()
      } else {
        value = ""
        put("", 0)
        fill()
      }
    }
  })
  if (d.prerendering) d.addEventListener("prerenderingchange", start)
  else start()
  // The page may be whole already, or still on its way.
  const look = () => {
    fill()
    if (!lead && (/key=\w{20}/.test(location) || d.querySelector("[data-partner-lead]")))
      d.head.append(Object.assign(d.createElement("script"), {src: lead = base + "/lead.js"}))
  }
  d.addEventListener("DOMContentLoaded", look)
  look()
  d.addEventListener("submit", fill, 1)
})(SETTINGS)
