// The made-up shop of development: what is in the cart, said to the widget.
const form = document.querySelector("form"), fields = [...form.querySelectorAll("[data-price]")]
const say = () => window.partnerka && partnerka.cart({lines: fields.filter(field => field.value != "0").map(field => ({id: field.name, product: field.name, quantity: field.value, price: field.dataset.price}))})
form.addEventListener("click", event => {
  const step = event.target.matches("[data-more]") ? 1 : event.target.matches("[data-less]") ? -1 : 0
  if (!step) return
  const field = event.target.parentNode.querySelector("input")
  field.value = event.target.parentNode.querySelector("output").textContent = Math.max(0, +field.value + step)
  say()
})
document.querySelector("script[async]").addEventListener("load", say)
