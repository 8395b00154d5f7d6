// Reports forms marked data-partner-lead, so that a contact is fixed to the partner who brought him.
// Loaded by the landing script where a page has such a form; sends what the form's own fields say.
(function () {
  const d = document, base = d.currentScript.src.replace(/\/lead\.js[^/]*$/, "/lead")
  d.addEventListener("submit", event => {
    const form = event.target, click = window.partnerka && window.partnerka.click()
    if (!form.matches("form[data-partner-lead]") || !click) return
    const said = new URLSearchParams({click}), find = css => (form.querySelector(css) || {}).value
    const email = find("input[type=email], input[name*=email i]")
    const phone = find("input[type=tel], input[name*=phone i]")
    const name = find("input[autocomplete=name], input[name=name i]")
    if (email) said.set("email", email)
    if (phone) said.set("phone", phone)
    if (name) said.set("name", name)
    if (email || phone) fetch(base, {method: "POST", body: said, keepalive: true, credentials: "omit"})
  }, true)
})()
