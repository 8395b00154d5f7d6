// Check that a webhook of ours is ours. Use the raw body (a Buffer), before anything parses it.
// Several signatures may stand in the header while a secret changes: one good one is enough. Keep the ids
// of the last days (webhook-id) and pass over what has come before; do not rely on the order of messages.
import { createHmac, timingSafeEqual } from "node:crypto";

const TOLERANCE = 300; // seconds that clocks may differ

export function isOurs(secret, headers, body) {
  const message = headers["webhook-id"], stamp = headers["webhook-timestamp"] ?? "";
  if (!message || !/^\d+$/.test(stamp) || Math.abs(Date.now() / 1000 - Number(stamp)) > TOLERANCE) return false;
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const mac = createHmac("sha256", key).update(`${message}.${stamp}.`).update(body).digest("base64");
  const good = Buffer.from(`v1,${mac}`);
  return (headers["webhook-signature"] ?? "").split(" ").some((each) => {
    const given = Buffer.from(each);
    return given.length === good.length && timingSafeEqual(given, good);
  });
}
