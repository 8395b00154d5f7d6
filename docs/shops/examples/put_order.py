"""Say how an order stands, and read whose it is. Environment: API (https://.../api/v1), KEY (sk_live_...).

python put_order.py order.json
"""

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request

with open(sys.argv[1], encoding="utf-8") as file:
    order = json.load(file)
number = urllib.parse.quote(order.pop("id"), safe="")
request = urllib.request.Request(
    f"{os.environ['API']}/orders/{number}",
    data=json.dumps(order).encode(),
    headers={
        "Authorization": f"Bearer {os.environ['KEY']}",
        "Content-Type": "application/json",
    },
    method="PUT",
)
try:
    with urllib.request.urlopen(request, timeout=10) as answer:
        said = json.load(answer)
    deal = said["deal"]
    print(said["state"], deal["partner"]["refcode"] if deal else said["reason"])
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode(), file=sys.stderr)
    sys.exit(1)
