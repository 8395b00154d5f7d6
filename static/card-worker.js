// Keeps the newest card page and what it is drawn with. The network comes first: a balance is never
// older than it must be; without one the page says of when it is.
const KEPT = "card"
const keep = async (request, answer) => {
  if (answer.ok && !answer.redirected) (await caches.open(KEPT)).put(request, answer.clone())
  return answer
}
const home = new URL("./", self.location).pathname
self.addEventListener("install", () => self.skipWaiting())
self.addEventListener("activate", event => event.waitUntil(self.clients.claim()))
self.addEventListener("fetch", event => {
  const {request} = event, address = new URL(request.url)
  if (request.method !== "GET" || address.origin !== self.location.origin) return
  const card = request.mode === "navigate" && address.pathname === home
  if (!card && !address.pathname.startsWith("/static/")) return
  event.respondWith(
    card
      ? fetch(request).then(answer => keep(request, answer)).catch(async () => await caches.match(request) || await caches.match(home) || Response.error())
      : caches.match(request).then(found => found || fetch(request).then(answer => keep(request, answer)))
  )
})
