const crypto = require("node:crypto")
const KEY = "{{ key }}", SECRET = "{{ secret }}"

function partnerkaToken(customerId, seconds = 3600) {
  const name = Buffer.from(String(customerId)).toString("base64url")
  const said = `pw1.${KEY}.${name}.${Math.floor(Date.now() / 1000) + seconds}`
  return said + "." + crypto.createHmac("sha256", SECRET).update(said).digest("hex")
}
