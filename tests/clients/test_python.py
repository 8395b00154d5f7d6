"""The client for Python against the running server: its README's examples as they stand, and a shop's day."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from decimal import Decimal
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from app.extensions import db
from app.partner_keys import service as partner_keys
from app.partner_keys.rules import SCOPES
from app.partners import queries as partners
from tests.house.tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from app.application import App
    from tests.world import Merchant

FOLDER = ROOT / "clients" / "python"
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


@dataclass
class Installed:
    """The client as a program imports it."""

    module: ModuleType

    def shop(self, url: str, key: str) -> Any:
        return self.module.Client(url, key)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Installed:
    monkeypatch.syspath_prepend(str(FOLDER / "src"))
    return Installed(import_module("partnerka"))


def anna(app: App, lampa: Merchant) -> str:
    with app.app_context(), lampa.scope():
        partner = partners.by_refcode("anna")
        assert partner is not None
        secret = partner_keys.make(partner, "A tracker", SCOPES, test=False)[1]
        db.session.commit()
    return secret


def test_the_examples_of_the_readme_run_as_they_stand(
    app: App,
    live_server: str,
    lampa: Merchant,
    installed: Installed,
    capsys: pytest.CaptureFixture[str],
) -> None:
    blocks = BLOCK.findall((FOLDER / "README.md").read_text("utf-8"))
    assert len(blocks) == 6
    names: dict[str, Any] = {"base_url": live_server, "api_key": lampa.api_key}
    for block in blocks:
        if "partner_key" in block:
            names["partner_key"] = anna(app, lampa)
        exec(compile(block, "README.md", "exec"), names)  # noqa: S102 - our own page
    said = capsys.readouterr().out
    assert "200.00" in said
    assert "above_available" in said
    assert "/s/" in said


def test_a_shops_day(live_server: str, lampa: Merchant, installed: Installed) -> None:
    with installed.shop(live_server, lampa.api_key) as shop:
        shop.change_merchant(hold_days=0, loyalty=True)
        for number in range(3):
            shop.create_partner(f"Partner {number}", refcode=f"p{number}")
        listed = shop.pages("/partners", limit=2)
        assert [each["refcode"] for each in listed] == ["p2", "p1", "p0"]
        shop.put_member("77", {"name": "Gleb", "ref": "p1"})
        assert shop.member("77")["partner"]["refcode"] == "p1"
        made = shop.accrue("77", Decimal("500.00"), "A gift", idempotency_key="gift-77")
        again = shop.accrue("77", Decimal("500.00"), "A gift", idempotency_key="gift-77")
        assert made == again
        assert shop.bonuses("77")["available"] == "500.00"
        hold = shop.hold({"member": "77", "spend": Decimal("20.00"), "order": "A/1"})
        assert shop.void(hold["id"])["state"] == "voided"
        with pytest.raises(installed.module.Conflict):
            shop.capture(hold["id"])
        with pytest.raises(installed.module.Invalid) as caught:
            shop.accrue("77", Decimal("-900.00"), "Too much")
        assert [each.field for each in caught.value.errors] == ["amount"]
        with pytest.raises(installed.module.NotFound):
            shop.order("nobody's")
    with (
        installed.shop(live_server, "sk_live_nobody") as stranger,
        pytest.raises(installed.module.Unauthorized),
    ):
        stranger.merchant()


def test_its_own_tests_and_checks_hold(tmp_path: Path) -> None:
    """Offline tests, ruff and mypy strict, as its authors run them."""
    env = {"PYTHONPATH": str(FOLDER / "src"), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    config = str(ROOT / "pyproject.toml")
    own = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist", "-c", "/dev/null"]
    for command in (
        ["pytest", *own, "--rootdir", str(FOLDER), str(FOLDER / "tests")],
        ["ruff", "check", "--no-cache", "--config", config, str(FOLDER / "src")],
        ["mypy", "--strict", "--no-incremental", "--config-file=", str(FOLDER / "src")],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command], capture_output=True, text=True, env=env, check=False
        )
        assert done.returncode == 0, f"{command[0]}\n{done.stdout}\n{done.stderr}"


def test_it_needs_nothing_of_the_product() -> None:
    for file in (FOLDER / "src").rglob("*.py"):
        found = re.findall(r"^\s*(?:from|import) (\w+)", file.read_text("utf-8"), re.MULTILINE)
        assert "app" not in found, file
