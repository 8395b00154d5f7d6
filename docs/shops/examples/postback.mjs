// Tell a sale by a signed postback. Environment: POSTBACK (https://.../postback/<merchant>), SECRET.
// node postback.mjs order=A-1001 amount=1900.00 currency=RUB status=paid click=ck_...
import { createHmac } from "node:crypto";

function sign(secret, said) {
  const rest = new URLSearchParams(said);
  rest.sort();
  return createHmac("sha256", secret).update(rest.toString()).digest("hex");
}

const said = Object.fromEntries(process.argv.slice(2).map((each) => each.split(/=(.*)/s).slice(0, 2)));
said.ts = String(Math.floor(Date.now() / 1000));
said.sig = sign(process.env.SECRET, said);
const answer = await fetch(`${process.env.POSTBACK}?${new URLSearchParams(said)}`, {
  signal: AbortSignal.timeout(10_000),
});
console[answer.ok ? "log" : "error"](answer.ok ? "" : answer.status, await answer.text());
process.exitCode = answer.ok ? 0 : 1;
