// Send an order by the signed webhook. Environment: HOOK (the delivery address), SECRET (whsec_...).
// node send_order.mjs order.json        (Node 18 or newer)
import { createHmac, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";

function sign(secret, message, stamp, body) {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  return "v1," + createHmac("sha256", key).update(`${message}.${stamp}.`).update(body).digest("base64");
}

// Send one message. Try again with the SAME message id until it is answered 200.
async function send(hook, secret, body, message) {
  const stamp = String(Math.floor(Date.now() / 1000));
  const headers = {
    "Content-Type": "application/json",
    "webhook-id": message,
    "webhook-timestamp": stamp,
    "webhook-signature": sign(secret, message, stamp, body),
  };
  return fetch(hook, { method: "POST", headers, body, signal: AbortSignal.timeout(10_000) });
}

const answer = await send(
  process.env.HOOK, process.env.SECRET, readFileSync(process.argv[2]), `msg_${randomUUID()}`,
);
if (answer.ok) {
  console.log("sent"); // it is kept, and booked within a second
} else {
  // 400, 403, 409, 422: mend it, trying again is of no use; 429 and 5xx: try again later.
  console.error(answer.status, await answer.text());
  process.exitCode = 1;
}
