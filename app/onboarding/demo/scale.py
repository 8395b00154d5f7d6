"""A merchant of any size, for measurements: partners and clicks in set statements, orders through the conductor.

Everything follows from numbers, so two runs of one size make the same story.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask import current_app

from app import clock, sql
from app.extensions import db
from app.intake import service as intake
from app.links.rules import click_key, milliseconds_of, seal_click
from app.onboarding.demo import visits
from app.onboarding.service import create_merchant
from app.orders.rules import Customer, Line, Snapshot
from app.orders.service import Incoming, read_state
from app.programs import queries as programs
from app.programs import service as programs_service
from app.statistics import service as statistics
from app.tenancy import PLATFORM, tenant_scope
from app.tenants.queries import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DAYS = 90
CLICKS_TOGETHER, ORDERS_TOGETHER = 100_000, 1_000
ARMS = 12  # partners whom each one brought
SHARE = 1 << 20  # partners are drawn by a number below this: the first bring most


@dataclass(frozen=True)
class Size:
    """How much there is to be."""

    partners: int
    orders: int
    clicks: int


SIZES = {
    "tiny": Size(200, 1_000, 10_000),
    "small": Size(10_000, 100_000, 1_000_000),
    "full": Size(100_000, 1_000_000, 10_000_000),
}

_PARTNERS = """
INSERT INTO partner (public_id, refcode, name, search, status, locale, created_at)
SELECT 'pt_' || lpad(%(mark)s || n, 16, '0'), 'p' || n, 'Partner ' || n, 'partner ' || n || ' p' || n,
       'active', 'en', %(now)s + n * interval '1 second'
FROM generate_series(1, %(many)s) n
"""
_CODES = """
INSERT INTO code (key, display, kind, partner_id, created_at)
SELECT refcode, refcode, 'refcode', id, created_at FROM partner
"""
_FACTS = """
INSERT INTO fact (owner, name, value, valid_from)
SELECT 'partner:' || p.id, f.name, f.value::jsonb, %(now)s FROM partner p
CROSS JOIN (VALUES ('status', '"active"'), ('terms', 'null'), ('group', 'null'), ('levels', '[]'))
     AS f(name, value)
"""
_EDGES = """
INSERT INTO sponsor_edge (partner_id, sponsor_id, valid_from)
SELECT id, CASE WHEN n > %(arms)s THEN ids[(n + %(arms)s - 2) / %(arms)s] END, %(now)s
FROM (SELECT row_number() OVER (ORDER BY id) AS n, id, array_agg(id) OVER () AS ids
      FROM unnest(%(partners)s::bigint[]) u(id)) t
"""
_PARENTS = """
UPDATE partner p SET sponsor_id = e.sponsor_id FROM sponsor_edge e
WHERE e.partner_id = p.id AND e.sponsor_id IS NOT NULL
"""
_TREE = """
INSERT INTO tree_version (version) VALUES (1)
ON CONFLICT (tenant_id) DO UPDATE SET version = tree_version.version + 1
"""
_LINKS = """
INSERT INTO link (partner_id, code_id, shop_id, short, is_default, created_at)
SELECT c.partner_id, c.id, %(shop)s, %(mark)s || c.key, true, c.created_at FROM code c
"""
_DRAWN = "SELECT p.id, l.id AS link FROM partner p JOIN link l ON l.partner_id = p.id ORDER BY p.id"
_CLICKS = """
INSERT INTO click (at, nonce, link_id, partner_id, kind, ip, user_agent, referrer, page, params, flag)
SELECT %(start)s + n * %(step)s * interval '1 ms', n, w.link, w.partner,
       CASE WHEN n %% 5 = 0 THEN 'script' ELSE 'redirect' END,
       '198.51.' || n / 3 %% 200 || '.0', (%(agents)s::text[])[1 + n %% 5],
       nullif((%(sources)s::text[])[1 + n %% 4], ''),
       CASE WHEN n %% 5 = 0 THEN 'https://scale.example/page/' || n %% 40 END,
       CASE WHEN n %% 3 = 0 THEN jsonb_build_object('utm_source', 'letter-' || n %% 7, 'utm_campaign',
            'season-' || n %% 12, 'sub1', 'place-' || n %% 30) ELSE '{}'::jsonb END,
       CASE WHEN n %% 5 = 4 THEN 'bot' END
FROM (SELECT n, 1 + (x * x * x / %(share)s / %(share)s * %(many)s / %(share)s)::int AS who
      FROM (SELECT n, n * 2654435761 %% %(share)s AS x
            FROM generate_series(%(first)s::bigint, %(last)s::bigint) n) y) t
JOIN unnest(%(links)s::bigint[], %(partners)s::bigint[]) WITH ORDINALITY AS w(link, partner, place)
     ON w.place = t.who
"""
# What the drain does, in one statement: nobody has an address that a letter could go to.
_PLACED = """
WITH placed AS (
    SELECT id, row_number() OVER (ORDER BY id) AS n FROM event WHERE drained_at IS NULL
), moved AS (
    UPDATE event e SET position = coalesce((SELECT position FROM feed), 0) + p.n, drained_at = %(now)s
    FROM placed p WHERE e.id = p.id RETURNING e.position
)
INSERT INTO feed (tenant_id, position) SELECT %(tenant)s, max(position) FROM moved HAVING count(*) > 0
ON CONFLICT (tenant_id) DO UPDATE SET position = excluded.position
"""


def drawn(n: int, many: int) -> int:
    """Return whom of so many the n-th draw means, from 0: the cube lets the first bring most."""
    x = n * 2654435761 % SHARE
    return x * x * x // SHARE // SHARE * many // SHARE


@dataclass
class Merchant:
    """The merchant being made."""

    tenant_id: int
    shop_id: int
    slug: str
    size: Size
    start: datetime
    partners: Sequence[int] = field(default_factory=list)
    links: Sequence[int] = field(default_factory=list)

    @property
    def step(self) -> int:
        """Milliseconds between two clicks."""
        return max(DAYS * 86_400_000 // (self.size.clicks + 1), 1)

    def moment(self, click: int) -> datetime:
        """When a click was."""
        return self.start + timedelta(milliseconds=click * self.step)


def make(size: Size, name: str = "Scale") -> Iterator[str]:
    """Make a merchant of this size, committing as it goes; yield a line about each part."""
    merchant = _open(size, name)
    yield f"/{merchant.slug}/office/: {size.partners} partners"
    for done in _click(merchant):
        yield f"{done} clicks"
    for done in _order(merchant):
        if done % 10_000 == 0 or done == size.orders:
            yield f"{done} orders"
    with tenant_scope(merchant.tenant_id):
        sql.send(_PLACED, {"now": clock.wall(), "tenant": merchant.tenant_id})
        db.session.commit()
        while statistics.step(rests=False):
            db.session.commit()
        db.session.commit()
    yield "roll-ups"


def _open(size: Size, name: str) -> Merchant:
    mark = secrets.token_hex(3)
    slug = f"{name.lower()}-{mark}"
    start = clock.wall().replace(microsecond=0) - timedelta(days=DAYS)
    with clock.moved_to(start - timedelta(days=2)):
        with tenant_scope(PLATFORM):
            made = create_merchant(
                name=name, slug=slug, email=f"owner@{slug}.example", currency="RUB", locale="en",
                timezone="Europe/Moscow", site=f"{slug}.example", owner_name="Owner",
            )  # fmt: skip
        merchant = Merchant(made.tenant.id, made.shop.id, slug, size, start)
        with tenant_scope(merchant.tenant_id):
            programs_service.change_terms(programs.base_terms(), levels=["10%", "5%", "2%"])
            _plant(merchant, mark)
            visits.make_partitions(start)
            db.session.commit()
    return merchant


def _plant(merchant: Merchant, mark: str) -> None:
    values: dict[str, Any] = {
        "now": clock.now(), "many": merchant.size.partners, "arms": ARMS, "mark": mark,
        "shop": merchant.shop_id,
    }  # fmt: skip
    for statement in (_PARTNERS, _CODES, _FACTS, _LINKS):
        sql.send(statement, values)
    rows = sql.rows(_DRAWN, {})
    merchant.partners, merchant.links = [r.id for r in rows], [r.link for r in rows]
    sql.send(_EDGES, values | {"partners": merchant.partners})
    for statement in (_PARENTS, _TREE):
        sql.send(statement, {})


def _click(merchant: Merchant) -> Iterator[int]:
    values = {
        "start": merchant.start, "step": merchant.step, "links": list(merchant.links),
        "partners": list(merchant.partners), "agents": list(visits.AGENTS),
        "sources": list(visits.SOURCES), "share": SHARE, "many": len(merchant.partners),
    }  # fmt: skip
    for first in range(1, merchant.size.clicks + 1, CLICKS_TOGETHER):
        last = min(first + CLICKS_TOGETHER - 1, merchant.size.clicks)
        with tenant_scope(merchant.tenant_id):
            sql.send(_CLICKS, values | {"first": first, "last": last})
            db.session.commit()
        yield last


def _order(merchant: Merchant) -> Iterator[int]:
    key = click_key(current_app.config["SECRET_KEY"])
    for first in range(0, merchant.size.orders, ORDERS_TOGETHER):
        last = min(first + ORDERS_TOGETHER, merchant.size.orders)
        with tenant_scope(merchant.tenant_id):
            known = words(merchant.shop_id)
            told = [
                Incoming(
                    shop_id=merchant.shop_id,
                    external_id=str(number + 1),
                    snapshot=(said := _snapshot(merchant, number, key)),
                    state=read_state(said.status, known.words),
                    map_version=known.version,
                    source="import",
                    received_at=clock.now(),
                )
                for number in range(first, last)
            ]
            intake.apply_all(told)
            db.session.commit()
        yield last


def _snapshot(merchant: Merchant, number: int, key: bytes) -> Snapshot:
    """Return the n-th order: by click, by code, of somebody who bought before, or nobody's."""
    span = timedelta(days=DAYS) / (merchant.size.orders + 1)
    at = merchant.start + span * (number + 1)
    buyer = number if number % 5 else number // 5
    evidence: dict[str, str] = {}
    if number % 10 < 6:
        click = max((number + 1) * merchant.size.clicks // (merchant.size.orders + 1) - 3, 1)
        who = drawn(click, len(merchant.partners))
        stamp = milliseconds_of(merchant.moment(click))
        evidence["click"] = seal_click(key, merchant.tenant_id, merchant.links[who], stamp, click)
    elif number % 10 < 8:
        evidence["ref"] = f"p{drawn(number, len(merchant.partners)) + 1}"
    status = "cancelled" if number % 13 == 0 else "paid" if number % 6 == 0 else "completed"
    return Snapshot(
        status=status,
        currency="RUB",
        created_at=at,
        updated_at=at,
        completed_at=at if status == "completed" else None,
        number=str(number + 1),
        customer=Customer(id=f"c{buyer}", name=f"Buyer {buyer}"),
        lines=(Line(id="1", quantity=Decimal(1), price=50_000 + number % 97 * 1_000),),
        **evidence,  # type: ignore[arg-type]
    )
