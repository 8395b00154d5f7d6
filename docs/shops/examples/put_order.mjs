// Say how an order stands, and read whose it is. Environment: API (https://.../api/v1), KEY (sk_live_...).
// node put_order.mjs order.json        (Node 18 or newer)
import { readFileSync } from "node:fs";

const { id, ...order } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const answer = await fetch(`${process.env.API}/orders/${encodeURIComponent(id)}`, {
  method: "PUT",
  headers: { Authorization: `Bearer ${process.env.KEY}`, "Content-Type": "application/json" },
  body: JSON.stringify(order),
  signal: AbortSignal.timeout(10_000),
});
const said = await answer.json();
if (answer.ok) {
  console.log(said.state, said.deal ? said.deal.partner.refcode : said.reason);
} else {
  console.error(answer.status, JSON.stringify(said));
  process.exitCode = 1;
}
