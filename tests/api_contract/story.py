"""A shop's life told in calls, one of each kind: the examples of the document, and a world for the fuzzing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.bonuses import service as wallet
from app.extensions import db
from app.onboarding.service.codes import draw
from app.partner_keys import service as partner_keys
from app.partner_keys.rules import SCOPES
from app.partners import queries as partners
from app.tenancy import PLATFORM, tenant_scope
from app.tenants import queries as shops
from app.tenants import service as tenants
from app.trust import service as trust

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

API = "/api/v1"
ORDER: dict[str, Any] = {
    "number": "A-1001",
    "status": "completed",
    "version": 3,
    "updated_at": "2026-11-22T10:00:00+03:00",
    "created_at": "2026-11-22T09:58:00+03:00",
    "currency": "RUB",
    "customer": {
        "id": "77",
        "email": "gleb@example.org",
        "phone": "+79161234567",
        "name": "Gleb",
        "group": "retail",
    },
    "lines": [
        {
            "id": "1",
            "product": "lamp-1",
            "name": "Lamp",
            "category": "lamps",
            "quantity": "2",
            "price": "1000.00",
            "discount": "100.00",
        }
    ],
    "shipping": "300.00",
    "partner_code": "ANNA10",
    "refunds": [{"id": "r1", "lines": [{"line": "1", "quantity": "1", "amount": "950.00"}]}],
}
CART: dict[str, Any] = {
    "member": "77",
    "lines": [{"id": "1", "product": "lamp-1", "quantity": "1", "price": "1000.00"}],
    "spend": "100.00",
}


@dataclass
class Story:
    """Who calls, and all that was said and answered so far, by the call's name in the document."""

    client: FlaskClient
    bearer: dict[str, str]
    partner_key: str = ""
    told: dict[str, dict[str, Any]] = field(default_factory=dict)
    ids: dict[tuple[str, str], str] = field(default_factory=dict)

    def say(
        self, call: str, body: Any = None, headers: dict[str, str] | None = None, **names: str
    ) -> dict[str, Any]:
        """Make a call ("PUT orders/{external_id}") and keep it; it must succeed."""
        method, _space, path = call.partition(" ")
        address = path.partition("?")[0]
        sent = {} if body is None else {"json": body}
        answer = self.client.open(
            f"{API}/{path.format(**names)}", method=method, headers=headers or self.bearer, **sent
        )
        assert answer.status_code == (201 if method == "POST" and call not in ASKS else 200), (
            call,
            answer.status_code,
            answer.text,
        )
        found = dict(answer.get_json())
        said = {} if body is None else {"body": body}
        self.told[f"{method} {API}/{address}"] = {**said, "answer": found}
        self.ids |= {(path.split("/")[0], name): value for name, value in names.items()}
        return found


# POST that makes nothing answers 200.
ASKS = {
    "POST simulate",
    "POST quotes",
    "POST holds/{public_id}/capture",
    "POST holds/{public_id}/void",
    "POST campaigns/{campaign_id}/stop",
    "POST payouts/{public_id}/approve",
    "POST payouts/{public_id}/reject",
    "POST payouts/{public_id}/paid",
    "POST payouts/{public_id}/failed",
    "POST disputes/{dispute}/decision",
    "POST webhooks/{webhook_id}/rotate",
}


def tell(app: App, client: FlaskClient, lampa: Merchant) -> Story:
    """Tell the whole story at a new merchant."""
    story = Story(client, lampa.bearer)
    with app.app_context(), lampa.scope():
        wallet.change_program({"partner_premium": "10"})
        db.session.commit()
    _settings(story, lampa)
    _partners(story)
    _customers(story)
    _orders(story)
    _bonuses(story)
    _money(story)
    _endpoints(story)
    _disputes(app, story, lampa)
    _accounts(app, story, lampa)
    _own_key(app, story, lampa)
    return story


def _settings(story: Story, lampa: Merchant) -> None:
    settings = {
        "hold_days": 0,
        "minimum_payout": "100.00",
        "loyalty": True,
        "attribution": {"window_days": 60, "click": "last", "conflict": "code"},
        "caps": {"month": "500000.00", "over": "rest"},
    }
    story.say("PATCH merchant", settings)
    story.say("GET merchant")
    story.say("GET shops")
    words = {"statuses": {"processing": "agreed", "completed": "completed", "failed": "cancelled"}}
    story.say("PUT shops/{shop_id}", words, shop_id=lampa.shop)
    story.say("GET shops/{shop_id}", shop_id=lampa.shop)
    till = {"name": "By the door", "kind": "register", "place": "Nevsky 1"}
    story.say("PUT tills/{external_id}", till, external_id="t1")
    story.say("GET tills/{external_id}", external_id="t1")
    story.say("PUT categories/{external_id}", {"name": "Lamps"}, external_id="lamps")
    story.say("GET categories/{external_id}", external_id="lamps")
    lamp = {
        "name": "Lamp",
        "category": "lamps",
        "price": "1000.00",
        "url": "https://lampa.example/lamp",
    }
    story.say("PUT products/{external_id}", lamp, external_id="lamp-1")
    story.say("GET products/{external_id}", external_id="lamp-1")
    feed = story.say("POST catalog/feed", {"address": "https://lampa.example/market.yml"})
    story.say("GET catalog/feed/{feed_id}", feed_id=feed["id"])
    story.say("GET catalog/feed/{feed_id}/problems", feed_id=feed["id"])


def _partners(story: Story) -> None:
    terms = story.say("POST terms", {"name": "Bloggers", "levels": ["15%", "5%"], "hold_days": 7})
    story.say("GET terms")
    story.say("GET terms/{terms_id}", terms_id=terms["id"])
    story.say("PATCH terms/{terms_id}", {"levels": ["16%", "5%"]}, terms_id=terms["id"])
    group = story.say("POST groups", {"name": "Best", "levels": ["12%", None]})
    story.say("GET groups")
    story.say("PATCH groups/{group_id}", {"name": "The best"}, group_id=group["id"])
    past = story.say("POST campaigns", {"name": "A test", "levels": ["1%"], "products": ["lamp-1"]})
    story.say("POST campaigns/{campaign_id}/stop", campaign_id=past["id"])
    december = {"name": "December", "levels": ["20%"], "categories": ["lamps"]}
    campaign = story.say("POST campaigns", december)
    story.say("GET campaigns")
    story.say("GET campaigns/{campaign_id}", campaign_id=campaign["id"])
    name = {"name": "All of December"}
    story.say("PATCH campaigns/{campaign_id}", name, campaign_id=campaign["id"])
    story.say("POST partners", {"refcode": "boris", "name": "Boris", "email": "boris@example.org"})
    anna = {
        "refcode": "anna",
        "name": "Anna",
        "email": "anna@example.org",
        "sponsor": "boris",
        "group": "The best",
        "codes": ["ANNA10"],
    }
    story.say("POST partners", anna)
    story.say("GET partners?status=active")
    story.say("GET partners/{refcode}", refcode="anna")
    story.say("PATCH partners/{refcode}", {"site": "https://anna.example"}, refcode="anna")
    story.say("GET partners/{refcode}/network", refcode="boris")
    story.say("POST partners/{refcode}/session", refcode="anna")
    code = {"partner": "anna", "code": "ANNA20", "limit": 100, "gives": "5% off"}
    story.say("POST codes", code)
    story.say("GET codes")
    story.say("PATCH codes/{code}", {"limit": 200}, code="ANNA20")
    story.say("GET codes/{code}", code="ANNA20")
    story.say("POST coupons", {"codes": ["FIRST-1", "FIRST-2"]})
    story.say("GET coupons")
    story.say("GET creatives?partner=anna")


def _customers(story: Story) -> None:
    click = story.say("POST clicks", {"ref": "anna", "page": "https://lampa.example/?ref=anna"})
    member = {"name": "Gleb", "email": "gleb@example.org", "group": "retail"}
    story.say("PUT members/{external_id}", {**member, "click": click["click"]}, external_id="77")
    story.say("GET members/{external_id}", external_id="77")
    story.say("PUT members/{external_id}/card", {"number": "4000123"}, external_id="77")
    story.say("GET members/{external_id}/card", external_id="77")
    review = {"id": "rv-1", "type": "review.published", "data": {"review": "5", "length": 120}}
    story.say("POST members/{external_id}/events", review, external_id="77")


def _orders(story: Story) -> None:
    story.say("POST simulate", {"lines": ORDER["lines"], "partner_code": "ANNA10"})
    story.say("PUT orders/{external_id}", ORDER, external_id="A1001")
    story.say("GET orders/{external_id}", external_id="A1001")
    story.say("PUT orders/{external_id}", {**ORDER, "number": "A-1000"}, external_id="A1000")
    story.say("DELETE orders/{external_id}", external_id="A1000")
    story.say("PUT orders/{external_id}", ORDER, external_id="A1001")
    story.say("GET deals")
    story.say("GET deals/{external_id}", external_id="A1001")


def _bonuses(story: Story) -> None:
    gift = {
        "member": "77",
        "amount": "500.00",
        "reason": "A gift",
        "expires_at": "2030-01-01T00:00:00Z",
    }
    story.say("POST bonuses", gift)
    story.say("GET members/{external_id}/bonuses", external_id="77")
    story.say("GET members/{external_id}/bonuses/entries", external_id="77")
    story.say("POST quotes", CART)
    first = story.say("POST holds", {**CART, "order": "A1002"})
    story.say("POST holds/{public_id}/void", public_id=first["id"])
    hold = story.say("POST holds", {**CART, "order": "A1003"})
    story.say("POST holds/{public_id}/capture", {"order": "A1003"}, public_id=hold["id"])


def _money(story: Story) -> None:
    prize = {"amount": "5000.00", "reason": "The best of November"}
    story.say("POST partners/{refcode}/adjustments", prize, refcode="anna")
    story.say("PUT members/{external_id}", {"name": "Anna"}, external_id="5")
    story.ids["members", "external_id"] = "77"
    story.say("PATCH partners/{refcode}", {"member": "5"}, refcode="anna")
    turned = {"amount": "200.00", "way": "to_bonuses"}
    story.say("POST partners/{refcode}/conversions", turned, refcode="anna")
    asked = {"partner": "anna", "amount": "100.00", "method": "bank"}
    payout = story.say("POST payouts", asked)["id"]
    story.say("GET payouts?state=requested")
    story.say("GET payouts/{public_id}", public_id=payout)
    story.say("POST payouts/{public_id}/approve", public_id=payout)
    story.say("POST payouts/{public_id}/paid", public_id=payout)
    wrong = {"reason": "The bank sent it back"}
    payout = story.say("POST payouts", asked)["id"]
    story.say("POST payouts/{public_id}/approve", public_id=payout)
    story.say("POST payouts/{public_id}/failed", wrong, public_id=payout)
    payout = story.say("POST payouts", asked)["id"]
    why = {"reason": "The details are not complete"}
    story.say("POST payouts/{public_id}/reject", why, public_id=payout)
    payout = story.say("POST payouts", asked)["id"]
    story.say("GET payouts/{public_id}", public_id=payout)


def _endpoints(story: Story) -> None:
    body = {"url": "https://shop.example/gone", "events": ["deal.changed"], "note": "To be removed"}
    gone = story.say("POST webhooks", body)["id"]
    story.say("DELETE webhooks/{webhook_id}", webhook_id=gone)
    hook = {"url": "https://shop.example/partnerka", "events": ["deal.changed", "payout.paid"]}
    made = story.say("POST webhooks", hook)["id"]
    story.say("GET webhooks")
    story.say("POST webhooks/{webhook_id}/rotate", webhook_id=made)
    story.say("GET events?after=0")


def _disputes(app: App, story: Story, lampa: Merchant) -> None:
    with app.app_context(), lampa.scope():
        boris = partners.by_refcode("boris")
        assert boris is not None
        opened = [
            trust.open_dispute(boris.id, number, "I sent this buyer.", "Europe/Moscow").public_id
            for number in ("B-1", "B-2")
        ]
        db.session.commit()
    story.say("GET disputes")
    story.say("GET disputes/{dispute}", dispute=opened[0])
    settled = {"decision": "decline", "reason": "There is no such order"}
    story.say("POST disputes/{dispute}/decision", settled, dispute=opened[0])
    story.say("GET disputes/{dispute}", dispute=opened[1])


def _accounts(app: App, story: Story, lampa: Merchant) -> None:
    with app.app_context(), tenant_scope(PLATFORM):
        key = tenants.make_key(None, "tests", ["platform"], "platform").secret
        db.session.commit()
    with app.app_context(), lampa.scope():
        shop = shops.shop(lampa.shop)
        assert shop is not None
        code = draw(shop).secret
        db.session.commit()
    account = {
        "name": "Nitka",
        "slug": f"nitka-{lampa.slug[-8:]}",
        "email": "owner@nitka.example",
        "currency": "RUB",
        "locale": "ru",
        "timezone": "Europe/Moscow",
        "site": "https://nitka.example/",
    }
    story.say("POST merchants", account, headers={"Authorization": f"Bearer {key}"})
    plugin = {"plugin": "Our shop 1.0"}
    story.say("POST merchants/install", plugin, headers={"Authorization": f"Bearer {code}"})


def _own_key(app: App, story: Story, lampa: Merchant) -> None:
    with app.app_context(), lampa.scope():
        anna = partners.by_refcode("anna")
        assert anna is not None
        _key, story.partner_key = partner_keys.make(anna, "tests", SCOPES, test=False)
        db.session.commit()
    own = {"Authorization": f"Bearer {story.partner_key}"}
    story.say("GET partner/me", headers=own)
    link = {"label": "In my blog", "sub1": "blog"}
    story.say("POST partner/links", link, headers=own)
    for noun in (
        "links",
        "codes",
        "statistics?by=day",
        "deals",
        "payouts",
        "entries",
        "events?after=0",
    ):
        story.say(f"GET partner/{noun}", headers=own)
