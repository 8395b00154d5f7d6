"""Tell a sale by a signed postback. Environment: POSTBACK (https://.../postback/<merchant>), SECRET.

python postback.py order=A-1001 amount=1900.00 currency=RUB status=paid click=ck_...
"""

import hashlib
import hmac
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request


def sign(secret: str, said: dict) -> str:
    rest = urllib.parse.urlencode(sorted(said.items()))
    return hmac.new(secret.encode(), rest.encode(), hashlib.sha256).hexdigest()


said = dict(each.split("=", 1) for each in sys.argv[1:])
said["ts"] = str(int(time.time()))
said["sig"] = sign(os.environ["SECRET"], said)
address = f"{os.environ['POSTBACK']}?{urllib.parse.urlencode(said)}"
try:
    with urllib.request.urlopen(address, timeout=10) as answer:
        print(answer.read().decode())
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode(), file=sys.stderr)
    sys.exit(1)
