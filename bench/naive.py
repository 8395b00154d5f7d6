"""Y4: the same orders booked as one writes it with the ORM: an object a row, a query a question."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy import select

from app import create_app
from app.commissions.models import Deal, Share
from app.dev.children import Child
from app.dev.database import with_database
from app.events.service import record
from app.extensions import db
from app.facts.models import Fact
from app.intake.models import Inbox
from app.ledger.models import Transfer
from app.members.models import Member
from app.orders.models import Order, OrderMessage
from app.partners.models import Partner
from app.tenancy import public_id, tenant_scope
from app.tenants.models import Connection, StatusMap
from bench.deliveries import delivery
from bench.stage import READY, ROOT
from bench.trial import Work

if TYPE_CHECKING:
    from bench.deliveries import Shop
    from bench.stage import Stage

PROCESSES = 2
MOST = 150  # deliveries a second and process that are prepared


class Naive:
    """Two processes that book until the time is up."""

    def __init__(self, stage: Stage, shop: Shop) -> None:
        self.stage, self.shop = stage, shop

    def run(self, seconds: float) -> Work:
        """Book for so long; the CPU is that of the processes and of the database."""
        admin = with_database(self.stage.superuser, "partnerka_bench")
        with psycopg.connect(admin) as connection:
            connection.execute("DELETE FROM inbox WHERE topic = 'naive' AND state = 'parked'")
            connection.cursor().executemany(
                "INSERT INTO inbox (tenant_id, connection_id, topic, state, body, received_at, due_at)"
                " VALUES (%s, %s, 'naive', 'parked', %s, now(), now())",
                [
                    (self.shop.tenant_id, self.shop.connection_id, delivery(self.shop))
                    for _ in range(int(seconds * MOST * PROCESSES))
                ],
            )
        made = [self._child(n, seconds) for n in range(PROCESSES)]
        with self.stage.measured() as spent:
            for child in made:
                child.start()
            for child in made:
                if child.process is None or child.process.wait(READY + seconds):
                    raise RuntimeError(child.tail(20))
        done = [child.tail(1).split() for child in made]
        cpu = sum(float(d[2]) for d in done)
        return Work(
            sum(int(d[0]) for d in done), max(float(d[1]) for d in done), spent.seconds + cpu
        )

    def _child(self, number: int, seconds: float) -> Child:
        shop = self.shop
        command = [
            *(sys.executable, "-m", "bench.naive", str(shop.tenant_id), shop.code),
            *(str(number), str(seconds)),
        ]
        folder, env = self.stage.folder, self.stage.inherited
        return Child(f"naive{number}", command, folder=folder, env=env, cwd=ROOT)


def _book(row: Inbox, code: str) -> None:
    connection = db.session.scalars(
        select(Connection).where(Connection.id == row.connection_id)
    ).one()
    words = db.session.scalars(
        select(StatusMap)
        .where(StatusMap.shop_id == connection.shop_id)
        .order_by(StatusMap.version.desc())
    ).first()
    said = json.loads(row.body)
    member = _member(connection.shop_id, said)
    partner = db.session.scalars(select(Partner).where(Partner.refcode == code)).one()
    at = datetime.fromisoformat(said["date_created_gmt"]).replace(tzinfo=UTC)
    order = Order(
        shop_id=connection.shop_id, external_id=str(said["id"]), number=said["number"],
        search=said["number"], member_id=member.id, status=said["status"],
        state=words.words[said["status"]] if words else "agreed", currency="RUB",
        total=sum(_minor(item["total"]) for item in said["line_items"]), folded=said,
        created_at=at, received_at=row.received_at, changed_at=row.received_at, booking=1,
    )  # fmt: skip
    db.session.add(order)
    db.session.flush()
    db.session.add(
        OrderMessage(
            order_id=order.id, body_hash=sha256(row.body).hexdigest(), seq=0, source="woocommerce",
            status=said["status"], state=order.state, map_version=1, body=said,
            received_at=row.received_at,
        )
    )  # fmt: skip
    _share_out(order, partner, said, at)
    row.state = "done"
    db.session.commit()


def _member(shop_id: int, said: dict[str, Any]) -> Member:
    key = f"id:{said['customer_id']}"
    found = db.session.scalars(
        select(Member).where(Member.shop_id == shop_id, Member.key == key)
    ).one_or_none()
    if found is None:
        found = Member(
            shop_id=shop_id, key=key, email=said["billing"]["email"], created_at=datetime.now(UTC)
        )
        db.session.add(found)
        db.session.flush()
    return found


def _share_out(order: Order, partner: Partner, said: dict[str, Any], at: datetime) -> None:
    facts = db.session.scalars(
        select(Fact).where(Fact.owner.like("terms:%"), Fact.name == "levels").order_by(Fact.id)
    ).all()
    deal = Deal(
        public_id=public_id("dl"), order_id=order.id, partner_id=partner.id, state=order.state,
        how="partner_code", terms_label="Base terms v1", commission=0, currency="RUB",
        created_at=at,
    )  # fmt: skip
    db.session.add(deal)
    record("deal.created", f"order:{order.id}", partner_id=partner.id)
    above: Partner | None = partner
    n = 0
    for level, rate in enumerate(facts[-1].value, start=1):
        if above is None:
            break
        for item in said["line_items"]:
            n += 1
            amount = round(_minor(item["total"]) * Decimal(rate.rstrip("%")) / 100)
            deal.commission += amount
            _entry(order, above.id, str(item["id"]), level, amount, n)
        record("commission.accrued", f"order:{order.id}", partner_id=above.id, level=level)
        above = (
            db.session.scalars(select(Partner).where(Partner.id == above.sponsor_id)).one()
            if above.sponsor_id
            else None
        )


def _entry(order: Order, partner: int, line: str, level: int, amount: int, n: int) -> None:
    db.session.add(
        Transfer(
            reference=f"order:{order.id}:1", n=n, source="merchant:commissions",
            target=f"partner:{partner}:pending", amount=amount, currency="RUB", kind="accrual",
            at=order.received_at, order_id=order.id, line=line, level=level, partner_id=partner,
        )
    )  # fmt: skip
    db.session.add(
        Share(
            order_id=order.id, line=line, level=level, partner_id=partner, amount=amount,
            currency="RUB", bucket="pending", why={}, created_at=order.created_at, position=n,
        )
    )  # fmt: skip


def _minor(text: str) -> int:
    return int(Decimal(text) * 100)


def _main(tenant_id: int, code: str, number: int, seconds: float) -> None:
    app = create_app()
    mine = (Inbox.topic == "naive", Inbox.state == "parked", Inbox.id % PROCESSES == number)
    with app.app_context(), tenant_scope(tenant_id):
        db.session.scalar(select(Inbox.id).limit(1))
        began, spent, done = time.monotonic(), time.process_time(), 0
        while time.monotonic() - began < seconds:
            row = db.session.scalars(select(Inbox).where(*mine).limit(1)).first()
            if row is None:
                break
            _book(row, code)
            done += 1
        print(done, time.monotonic() - began, time.process_time() - spent)


if __name__ == "__main__":
    _main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
