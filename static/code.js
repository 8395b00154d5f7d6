// "I have a code": a field for the shop's own pages, in the place marked data-partner-code.
// Served as /t/<merchant>/code.js with the words in place of the last line's word. Stores nothing, sets no
// cookie, asks for no style: the shop's own apply, and classes partner-code-* are there for more.
(function (words) {
  const d = document, me = d.currentScript, base = me.src.replace(/\.js[^/]*$/, "")
  const lang = new URL(me.src).searchParams.get("lang") || ""
  const make = (tag, more, ...inside) => {
    const made = Object.assign(d.createElement(tag), more)
    made.append(...inside)
    return made
  }
  const field = (name, type, mode) => make("label", {className: "partner-code-" + name}, words[name], " ",
    make("input", {name, type, required: true, maxLength: 254, autocomplete: mode}))
  const build = place => {
    if (place.querySelector("form")) return
    const told = make("p", {className: "partner-code-told"})
    told.setAttribute("role", "status")
    const send = make("button", {type: "submit"}, words.send)
    const form = make("form", {className: "partner-code-form"}, field("code", "text", "off"),
      field("contact", "text", "email"), make("label", {className: "partner-code-consent"},
        make("input", {name: "consent", type: "checkbox", value: "1", required: true}), " ", words.consent),
      send, told)
    form.addEventListener("submit", event => {
      event.preventDefault()
      const said = new URLSearchParams(new FormData(form))
      said.set("lang", lang)
      send.disabled = true
      fetch(base, {method: "POST", body: said, credentials: "omit"})
        .then(answer => answer.json())
        .then(({message, coupon}) => {
          told.textContent = message || words.failed
          if (coupon) told.append(" ", make("strong", {className: "partner-code-coupon"}, coupon.code))
        })
        .catch(() => told.textContent = words.failed)
        .finally(() => send.disabled = false)
    })
    place.append(form)
  }
  const look = () => d.querySelectorAll("[data-partner-code]").forEach(build)
  d.addEventListener("DOMContentLoaded", look)
  look()
})(WORDS)
