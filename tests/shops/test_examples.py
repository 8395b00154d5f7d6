"""The examples that developers paste: Python and Node against a running server; of PHP, which is not here,
the signing steps as they stand in the text."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from app import standard_webhooks
from app.extensions import db
from app.intake.shops import postback
from app.partners.service import NewPartner, create
from tests.shops.senders import Line, open_line

if TYPE_CHECKING:
    from app.application import App
    from tests.world import Merchant

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs" / "shops" / "examples"
VECTORS = json.loads((ROOT / "docs" / "vectors" / "signatures.json").read_text())
RUN = {"py": [sys.executable, "-I"], "mjs": [shutil.which("node") or "node"]}
LANGUAGES = pytest.mark.parametrize("language", RUN)


@pytest.fixture
def line(app: App, lampa: Merchant) -> Line:
    with app.app_context():
        with lampa.scope():
            create(NewPartner(name="Anna", refcode="anna", codes=["ANNA10"]))
        db.session.commit()
    return open_line(app, lampa, "signed")


def run(name: str, *said: str, **environ: str) -> tuple[int, str]:
    language = name.rpartition(".")[2]
    done = subprocess.run(
        [*RUN[language], str(EXAMPLES / name), *said],
        env={"PATH": os.environ["PATH"], **environ}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@LANGUAGES
def test_an_order_is_sent_put_and_posted_back_as_pasted(
    live_server: str, line: Line, language: str
) -> None:
    order = str(EXAMPLES / "order.json")
    hook = f"{live_server}/hooks/signed/{line.public_id}"
    code, told = run(f"send_order.{language}", order, HOOK=hook, SECRET=line.secret)
    assert (code, told) == (0, "sent\n")
    line.send(line.order(2))  # and what waits is booked
    assert line.orders()["A-1001"] == ("agreed", 190000, [(19000, 0)])
    code, told = run(
        f"send_order.{language}", order, HOOK=hook, SECRET=standard_webhooks.new_secret()
    )
    assert code == 1
    assert told.startswith("403")
    there = {"API": f"{live_server}/api/v1", "KEY": line.merchant.api_key}
    assert run(f"put_order.{language}", order, **there) == (0, "agreed anna\n")
    back = {
        "POSTBACK": f"{live_server}/postback/{line.merchant.slug}",
        "SECRET": line.merchant.webhook_secret,
    }
    said = ["order=B 7*~(1)ж", "amount=1900.00", "currency=RUB", "status=paid", "ref=anna"]
    code, told = run(f"postback.{language}", *said, **back)
    assert (code, json.loads(told)) == (
        0,
        {"confirmed": True, "order": "B 7*~(1)ж", "state": "agreed"},
    )
    code, told = run(f"postback.{language}", *said, **{**back, "SECRET": "another"})
    assert code == 1
    assert told.startswith("403")


def _python(secret: str, headers: dict[str, str], body: bytes) -> bool:
    found = runpy.run_path(str(EXAMPLES / "verify_webhook.py"))
    return bool(found["is_ours"](secret, headers, body))


def _node(secret: str, headers: dict[str, str], body: bytes) -> bool:
    text = (
        f"import {{ isOurs }} from {json.dumps(str(EXAMPLES / 'verify_webhook.mjs'))};"
        f"console.log(isOurs({json.dumps(secret)}, {json.dumps(headers)}, "
        f"Buffer.from({json.dumps(base64.b64encode(body).decode())}, 'base64')))"
    )
    done = subprocess.run([*RUN["mjs"], "--input-type=module", "-e", text], capture_output=True, text=True,
                          timeout=60, check=True)  # fmt: skip
    return done.stdout.strip() == "true"


@pytest.mark.parametrize("is_ours", [_python, _node])
def test_our_own_webhooks_are_known_by_them(is_ours: Any) -> None:
    old, new, body = (
        standard_webhooks.new_secret(),
        standard_webhooks.new_secret(32),
        b'{"a": "\xd0\xb6"}',
    )
    now = int(time.time())
    good = standard_webhooks.headers([new, old], "ev_1", now, body)
    assert is_ours(new, good, body)
    assert is_ours(old, good, body)
    assert not is_ours(standard_webhooks.new_secret(), good, body)
    assert not is_ours(new, good, body + b" ")
    assert not is_ours(new, standard_webhooks.headers([new], "ev_1", now - 400, body), body)
    assert not is_ours(new, {**good, "webhook-id": "ev_2"}, body)
    assert not is_ours(new, {}, body)


def test_the_vectors_hold() -> None:
    said = VECTORS["webhook"]
    made = standard_webhooks.signature(
        said["secret"], said["id"], int(said["timestamp"]), said["body"].encode()
    )
    assert made == said["signature"]
    said = VECTORS["postback"]
    assert said["sig"] in postback.signatures(said["secret"], said["said"])


def test_the_steps_of_php_give_the_vectors() -> None:
    """PHP does not run here: what its text says, step for step, in our own hands."""
    steps = {
        "send_order.php": (
            "$key = base64_decode(substr($secret, strlen('whsec_')));",
            "'v1,' . base64_encode(hash_hmac('sha256', \"$message.$stamp.$body\", $key, true))",
        ),
        "verify_webhook.php": (
            "$key = base64_decode(substr($secret, strlen('whsec_')));",
            "'v1,' . base64_encode(hash_hmac('sha256', \"$message.$stamp.$body\", $key, true))",
        ),
        "postback.php": ("ksort($said, SORT_STRING);", "hash_hmac('sha256', http_build_query($said), $secret)"),
    }  # fmt: skip
    for name, wanted in steps.items():
        text = (EXAMPLES / name).read_text()
        assert all(step in text for step in wanted), name
    said = VECTORS["webhook"]
    key = base64.b64decode(said["secret"][len("whsec_") :])
    signed = f"{said['id']}.{said['timestamp']}.{said['body']}".encode()
    mac = hmac.new(key, signed, hashlib.sha256).digest()
    assert "v1," + base64.b64encode(mac).decode() == said["signature"]
    said = VECTORS["postback"]
    assert (
        said["sig"]
        == hmac.new(said["secret"].encode(), said["rest"].encode(), hashlib.sha256).hexdigest()
    )


def test_each_example_is_there_in_three_languages_and_needs_nothing_else() -> None:
    names = {path.stem for path in EXAMPLES.iterdir() if path.suffix != ".json"}
    assert names == {"send_order", "put_order", "postback", "verify_webhook"}
    for name in names:
        for language in ("php", "py", "mjs"):
            text = (EXAMPLES / f"{name}.{language}").read_text()
            assert len(text.splitlines()) < 60
            taken = re.findall(r'from "([^"]+)"', text) if language == "mjs" else []
            assert all(each.startswith("node:") for each in taken)
