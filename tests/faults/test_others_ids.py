"""F36 beyond the addresses: ids of another merchant in fields and queries, and signed words of his.

Each form of Lampa's pages is sent as the page offers it, with one field at a time naming a thing of
Kniga's: nothing of Kniga's changes or is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import pytest
from sqlalchemy import select

from app import crypto
from app.coupons import service as coupons
from app.coupons.rules import LINK, Offer
from app.extensions import db
from app.invitations import service as invitations
from app.invitations.models import Invitation
from app.members.models import Member
from app.notifications.customers import UNSUBSCRIBE
from app.participation import service as participation
from app.participation.models import JoinRequest
from app.partners.models import Partner
from tests.faults.tables import all_of
from tests.faults.visitor import visitor
from tests.house.test_walk import CANARY, furnish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from app.application import App
    from tests.faults.visitor import Visitor
    from tests.harness.engines import Addresses
    from tests.world import Merchant, World

__all__ = ["visitor"]

# What a field of such a name may name, by the walk's name of the thing.
MEANT = {
    "group": ("group_id",), "groups": ("group_id",), "terms": ("terms_id",), "shop": ("shop_id",),
    "product": ("product_id",), "category": ("category_id",), "parent": ("category_id",),
    "partner": ("refcode",), "sponsor": ("refcode",), "refcode": ("refcode",),
    "refcodes": ("refcode",), "partners": ("refcode",), "to": ("refcode",), "as": ("refcode",),
    "deal": ("deal",), "here": ("deal",), "order": ("external_id",), "number": ("external_id",),
    "method": ("method_id",), "code": ("code", "promo"), "partner_code": ("code",),
    "via": ("link_code",), "link": ("short", "link_code"), "member": ("member_id",),
    "campaign": ("campaign_id",), "message": ("message",), "run": ("run_id",), "q": ("refcode",),
}  # fmt: skip


@pytest.fixture
def others(app: App, client: FlaskClient, world: World) -> dict[str, list[str]]:
    """What names Kniga's things: by our outside ids, and by the numbers that selects have."""
    things = furnish(app, client, world.kniga, CANARY).values["any"]
    found = {name: [str(value)] for name, value in things.items() if value is not None}
    with app.app_context(), world.kniga.scope():
        for name, table in (
            ("group_id", "partner_group"), ("terms_id", "terms"), ("shop_id", "shop"),
            ("code", "code"), ("campaign_id", "campaign"),
        ):  # fmt: skip
            ids = db.session.execute(db.text(f"SELECT id FROM {table} ORDER BY id LIMIT 1"))
            found[name] += [str(ids.scalar_one())]
    return found


def named(sent_names: Any, others: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    for name in sent_names:
        for thing in MEANT.get(name, ()):
            yield from ((name, value) for value in others.get(thing, ()))


@pytest.mark.parametrize("door", ["office", "cabinet", "public"])
def test_no_field_reaches_another_merchants_things(
    visitor: Visitor, door: str, others: dict[str, list[str]], engines: Addresses, worker_name: str
) -> None:
    tables, kniga = all_of(engines, worker_name), visitor.world.kniga.id
    before, asked = tables.of_tenant(kniga), 0
    for there, sent in visitor.forms(door).values():
        for name, value in named(sent.names, others):
            said = sent.values | {name: [value]}
            answer = visitor.ask("POST", urljoin(there, sent.action), data=said)
            assert answer is not None
            assert CANARY not in answer.text, (there, name)
            asked += 1
    for _rule, there, page in visitor.pages(door):
        forms = [name for sent in page.forms if sent.method == "get" for name in sent.names]
        for name, value in named({*forms, *page.queries}, others):
            answer = visitor.ask("GET", there, query_string={name: value})
            assert CANARY not in answer.text, (there, name)
            asked += 1
    assert asked > {"office": 60, "cabinet": 3, "public": 0}[door], (
        "fields that name things are known"
    )
    assert not visitor.broken, "\n".join(visitor.broken)
    now = tables.of_tenant(kniga)
    assert {name for name in now if now[name] != before[name]} == set()


def signed_words(app: App, kniga: Merchant) -> dict[str, str]:
    """What Kniga has signed, or keeps under a secret: address behind the merchant's -> as it is sent."""
    with app.app_context():
        with kniga.scope():
            coupons.set_offer(Offer(on=True, value="10%"))
            partner = db.session.scalars(select(Partner).order_by(Partner.id)).first()
            member = db.session.scalars(select(Member).order_by(Member.id)).first()
            assert partner is not None
            assert member is not None
            whom = coupons.Whom(member.id, member.shop_id, partner.id, "c@example.org", None, "en")
            grant = coupons.give(whom)
            invitation = db.session.scalars(select(Invitation).order_by(Invitation.id)).first()
            request = db.session.scalars(select(JoinRequest)).one()
            assert grant is not None
            assert invitation is not None
            invitation.state, invitation.sent_at = "sent", invitation.created_at
            page = invitations.make_page(partner)
            found = {
                "coupon": crypto.sign(LINK, [kniga.id, grant.public_id]),
                "unsubscribe": crypto.sign(UNSUBSCRIBE, [kniga.id, partner.id, "sale.new"]),
                "invited": invitations.address(invitation, "x").rpartition("/")[2],
                "sales": invitations.page_address(page, "x").rpartition("/")[2],
                "join/confirm": participation.confirmation(request),
            }
        db.session.commit()
    return found


def test_what_one_merchant_signed_opens_nothing_at_another(
    app: App, client: FlaskClient, world: World, others: dict[str, list[str]]
) -> None:
    for path, token in signed_words(app, world.kniga).items():
        own = client.get(f"/{world.kniga.slug}/{path}/{token}")
        assert own.status_code == 200, (path, "it opens at home")
        for method in ("GET", "POST"):
            answer = client.open(f"/{world.lampa.slug}/{path}/{token}", method=method)
            assert answer.status_code in {404, 405, 410}, (path, method, answer.status_code)
            assert CANARY not in answer.text
