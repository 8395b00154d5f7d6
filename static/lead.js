// Reports forms marked data-partner-lead, so that a contact is fixed to the partner who brought him, and
// orders of shops whose page of thanks has an address that proves them. Loaded by the landing script on
// such pages; sends what the form's own fields or the address say.
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
  // WooCommerce: /checkout/order-received/1234/?key=wc_order_...
  // PrestaShop: /order-confirmation?id_cart=6&id_module=7&id_order=1234&key=(32 hexadecimal digits)
  const thank = () => {
    const said = new URLSearchParams(location.search), key = said.get("key") || ""
    const click = window.partnerka.click(), named = /^[\da-f]{32}$/.test(key) && said.get("id_order")
    const order = named || (/^wc_/.test(key) && (location.pathname.match(/\d+(?=\/?$)/) || [])[0])
    if (order && click) fetch(base.replace(/lead$/, "order"), {method: "POST",
      keepalive: true, credentials: "omit", body: new URLSearchParams({order, key, click})}).catch(() => {})
  }
  thank()
})()
