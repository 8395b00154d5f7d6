"""The hot queries find an index under row level security, as the app's role runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from app import sql
from app.attribution.service import reading as attribution
from app.codes.service import uses
from app.commissions import queries as commissions
from app.commissions.service import booking as deals
from app.commissions.service import caps
from app.intake.shops import inbox
from app.ledger import service as ledger
from app.members import service as members
from app.orders.office.lists import ORDERS
from app.orders.service import anew, words
from app.orders.service import reading as orders
from app.web import keyset
from tests.intake.scene import FOUNDED, at_lampa

if TYPE_CHECKING:
    from sqlalchemy.orm import Session, scoped_session

VALUES: dict[str, Any] = {
    "externals": ["A1"],
    "hashes": ["h"],
    "shop": 1,
    "shops": [1],
    "ids": [1],
    "members": [1],
    "guests": [1],
    "keys": ["anna"],
    "emails": ["gleb@example.org"],
    "orders": [1],
    "partners": [1],
    "products": ["lamp-1"],
    "categories": ["lamps"],
    "accounts": ["partner:1:available"],
    "currency": "RUB",
    "now": FOUNDED,
    "most": 100,
    "oldest": FOUNDED,
    "phones": ["+79161234567"],
    "month": "2026-10",
    "since": FOUNDED,
    "codes": [1],
    "own": [1],
    "rows": "[]",
}
HOT = {
    "find an order by the shop's id": orders._PEEK,
    "the orders of a customer": orders._OF_MEMBERS,
    "whose orders a guest's are": orders._MEMBERS_OF_GUESTS,
    "who owns an e-mail": members._OWNERS,
    "whose a code is": attribution._CODES,
    "a customer's bindings": attribution._BINDINGS,
    "claims that were kept": attribution._KEPT,
    "whose a coupon is": attribution._COUPONS,
    "what staff said of orders": words.WORDS_OF,
    "uses of codes": uses.USES_OF,
    "uses of a code before an order": uses._BEFORE,
    "who uses a code within its limit": uses._PLACE,
    "the world of an order": commissions._WORLD,
    "what is booked": commissions._BOOKED,
    "messages of orders anew": anew._MESSAGES,
    "deals to show": commissions._DEALS,
    "shares to show": commissions._SHARES,
    "who earns cashback": commissions._THEMSELVES,
    "what orders asked of caps": caps.ASKS_OF,
    "what a month's caps gave since": caps._SINCE,
    "the counters of caps": caps._COUNTERS,
    "deals as they stood": deals._DEALS,
    "balances to lock": ledger._LOCK,
    "deliveries that wait": inbox._TAKE,
}
# Whole by their nature: a merchant has a handful of each.
FEW = ("terms", "partner_group", "campaign")


@pytest.mark.parametrize("name", HOT)
def test_a_hot_query_reads_no_table_from_end_to_end(
    db_session: scoped_session[Session], name: str
) -> None:
    with at_lampa():
        assert sql.one("SELECT current_user AS me", {}).me == "partnerka_app"
        # Small tables are read whole by choice; forbidden to, a query that has no index still is.
        sql.send("SET LOCAL enable_seqscan = off", {})
        plan = "\n".join(row[0] for row in sql.rows(f"EXPLAIN {HOT[name]}", VALUES))
    whole = [
        line
        for line in plan.splitlines()
        if "Seq Scan on" in line and not any(f"on {few}" in line for few in FEW)
    ]
    assert not whole, plan


@pytest.mark.parametrize(
    ("sort", "index"),
    [
        ("created_at", "ix_orders_created"),
        ("total", "ix_orders_total"),
        ("commission", "ix_deal_commission"),
    ],
)
@pytest.mark.parametrize("way", ["", "-"])
def test_orders_are_sorted_by_an_index(
    db_session: scoped_session[Session], sort: str, index: str, way: str
) -> None:
    with at_lampa():
        order = ORDERS.order(f"{way}{sort}")
        here = keyset.Cursor(FOUNDED if sort == "created_at" else 1, 1)
        for cursor in (None, here):
            wanted = keyset.page(commissions.orders(), order, cursor, 26)
            said = wanted.compile(
                dialect=db_session.get_bind().dialect, compile_kwargs={"literal_binds": True}
            )
            for way_out in ("enable_seqscan", "enable_sort", "enable_bitmapscan"):
                db_session.execute(text(f"SET LOCAL {way_out} = off"))
            told = db_session.connection().exec_driver_sql(f"EXPLAIN {said}")
            plan = "\n".join(row[0] for row in told)
            assert index in plan, plan
            assert "Sort" not in plan, plan
