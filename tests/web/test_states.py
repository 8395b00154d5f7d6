"""Words of states: what a row may be in is never shown as the code calls it."""

from __future__ import annotations

import re

from sqlalchemy import CheckConstraint

from app import models  # noqa: F401 - all tables
from app.extensions import db
from app.web.states import STATES

# Shown by words of their own, or to nobody.
PREFIXES = {
    "mailing": "mailing_",
    "pay_run": "payrun_",
    "invitation": "invitation_",
    "help_request": "help_",
}
ELSEWHERE = {
    *("bonus_hold", "money_hold", "inbox", "message", "join_request", "postback_delivery"),
    *("tariff_invoice", "sign_up", "webhook_delivery", "shop_errand", "cart_coupon"),
}  # fmt: skip


def test_every_state_has_a_word() -> None:
    found = {}
    for table in db.metadata.tables.values():
        for rule in table.constraints:
            said = isinstance(rule, CheckConstraint) and re.fullmatch(
                r"state in \((.*)\)", str(rule.sqltext)
            )
            if said and table.name not in ELSEWHERE:
                prefix = PREFIXES.get(table.name, "")
                words = [f"{prefix}{each}" for each in re.findall(r"'(\w+)'", said[1])]
                found[table.name] = [each for each in words if each not in STATES]
    assert len(found) > 10
    assert not {name: lacking for name, lacking in found.items() if lacking}
