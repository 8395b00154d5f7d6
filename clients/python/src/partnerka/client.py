"""The calls, by noun."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from partnerka.errors import PartnerkaError
from partnerka.transport import Policy, Transport

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date, datetime
    from decimal import Decimal


__all__ = ["Client", "PartnerClient", "Policy"]
JSON = dict[str, Any]
_SAME_PAGE = "the server names the page that it just gave as the next"


def _part(value: str) -> str:
    """An id as a part of an address: "A/1" stays one id."""
    if not value:
        message = "an id is not empty"
        raise ValueError(message)
    if value in {".", ".."}:  # would be taken for a step in the address
        message = "an id is not . or .."
        raise ValueError(message)
    return quote(value, safe="")


class _Base:
    def __init__(self, base_url: str, key: str, **options: Any) -> None:
        """Options: `timeout` (seconds), `policy` (of tries), `http` (an httpx.Client of your own)."""
        self.transport = Transport(f"{base_url.rstrip('/')}/api/v1", key, **options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close connections."""
        self.transport.close()

    def _get(self, path: str, **params: Any) -> JSON:
        return dict(self.transport.call("GET", path, params=params))

    def _put(self, path: str, body: Mapping[str, Any]) -> JSON:
        return dict(self.transport.call("PUT", path, body))

    def _patch(self, path: str, body: Mapping[str, Any]) -> JSON:
        return dict(self.transport.call("PATCH", path, body))

    def _post(
        self, path: str, body: Mapping[str, Any] | None = None, key: str | None = None
    ) -> JSON:
        return dict(self.transport.call("POST", path, body, idempotency_key=key))

    def _delete(self, path: str) -> JSON:
        return dict(self.transport.call("DELETE", path))

    def pages(self, path: str, **params: Any) -> Iterator[JSON]:
        """Yield every item of a list, page after page."""
        cursor: str | None = None
        while True:
            page = self._get(path, cursor=cursor, **{"limit": 200, **params})
            yield from page["items"]
            last, cursor = cursor, page["next"]
            if cursor is None:
                return
            if cursor == last:
                raise PartnerkaError(_SAME_PAGE)

    def events(self, after: int = 0, *, path: str = "/events", limit: int = 200) -> Iterator[JSON]:
        """Yield what happened after a place, up to now. Keep the last `position` done, and ask after it."""
        place: str | None = str(after)
        while place is not None:
            page = self._get(path, after=place, limit=limit)
            yield from page["items"]
            last, place = place, page["next"]
            if place == last:
                raise PartnerkaError(_SAME_PAGE)


class Client(_Base):
    """A merchant's key: sk_live_… or sk_test_…. Bodies and answers are as in /api/docs; sums are Decimal or str."""

    # Orders
    def put_order(self, order_id: str, order: Mapping[str, Any]) -> JSON:
        """Say how an order stands now, as a whole; safe to repeat, in any order of messages."""
        return self._put(f"/orders/{_part(order_id)}", order)

    def order(self, order_id: str) -> JSON:
        """Return an order's state and partner fields."""
        return self._get(f"/orders/{_part(order_id)}")

    def delete_order(self, order_id: str) -> JSON:
        """Say that the shop deleted an order."""
        return self._delete(f"/orders/{_part(order_id)}")

    def simulate(self, order: Mapping[str, Any]) -> JSON:
        """Return what an order would pay, to whom and why; writes nothing."""
        return self._post("/simulate", order)

    def deals(self) -> Iterator[JSON]:
        """Yield partner deals, newest first."""
        return self.pages("/deals")

    def deal(self, order_id: str) -> JSON:
        """Return the deal of an order."""
        return self._get(f"/deals/{_part(order_id)}")

    def click(self, ref: str, **facts: Any) -> str:
        """Report a click that the shop's server saw; return its token for `click` of an order."""
        return str(self._post("/clicks", {"ref": ref, **facts})["click"])

    # Customers and bonuses
    def put_member(self, member_id: str, member: Mapping[str, Any]) -> JSON:
        """Say who a customer is; `click`, `ref` or `partner_code` bind him."""
        return self._put(f"/members/{_part(member_id)}", member)

    def member(self, member_id: str) -> JSON:
        """Return a customer."""
        return self._get(f"/members/{_part(member_id)}")

    def report(self, member_id: str, event_id: str, kind: str, **facts: Any) -> JSON:
        """Report what a customer did: `at`, `data`."""
        body = {"id": event_id, "type": kind, **facts}
        return self._post(f"/members/{_part(member_id)}/events", body)

    def bonuses(self, member_id: str) -> JSON:
        """Return what a customer has in bonuses."""
        return self._get(f"/members/{_part(member_id)}/bonuses")

    def bonus_entries(self, member_id: str) -> Iterator[JSON]:
        """Yield the statement of a customer's bonuses, newest first."""
        return self.pages(f"/members/{_part(member_id)}/bonuses/entries")

    def accrue(
        self,
        member_id: str,
        amount: Decimal | str,
        reason: str,
        *,
        expires_at: datetime | None = None,
        idempotency_key: str | None = None,
    ) -> JSON:
        """Accrue bonuses, or deduct with a minus."""
        body: JSON = {"member": member_id, "amount": amount, "reason": reason}
        if expires_at is not None:
            body["expires_at"] = expires_at
        return self._post("/bonuses", body, idempotency_key)

    def quote(self, cart: Mapping[str, Any]) -> JSON:
        """Return what of a cart may be paid in bonuses."""
        return self._post("/quotes", cart)

    def hold(self, cart: Mapping[str, Any], *, idempotency_key: str | None = None) -> JSON:
        """Reserve bonuses for an order."""
        return self._post("/holds", cart, idempotency_key)

    def capture(self, hold_id: str, order_id: str | None = None) -> JSON:
        """Spend what was reserved."""
        body = {} if order_id is None else {"order": order_id}
        return self._post(f"/holds/{_part(hold_id)}/capture", body)

    def void(self, hold_id: str) -> JSON:
        """Let go what was reserved."""
        return self._post(f"/holds/{_part(hold_id)}/void")

    # Partners, codes, payouts
    def partners(self, **narrow: Any) -> Iterator[JSON]:
        """Yield partners, newest first; `q`, `status`."""
        return self.pages("/partners", **narrow)

    def partner(self, refcode: str) -> JSON:
        """Return a partner with the balance."""
        return self._get(f"/partners/{_part(refcode)}")

    def create_partner(
        self, name: str, *, idempotency_key: str | None = None, **facts: Any
    ) -> JSON:
        """Make a partner: `refcode`, `email`, `sponsor`, `group`, `terms`, `codes`, `levels` ..."""
        return self._post("/partners", {"name": name, **facts}, idempotency_key)

    def change_partner(self, refcode: str, **facts: Any) -> JSON:
        """Change what is given."""
        return self._patch(f"/partners/{_part(refcode)}", facts)

    def adjust(
        self,
        refcode: str,
        amount: Decimal | str,
        reason: str,
        *,
        idempotency_key: str | None = None,
    ) -> JSON:
        """Book by hand, or deduct with a minus."""
        body = {"amount": amount, "reason": reason}
        return self._post(f"/partners/{_part(refcode)}/adjustments", body, idempotency_key)

    def code(self, code: str) -> JSON:
        """Say whether a code holds now, whose it is and what it gives."""
        return self._get(f"/codes/{_part(code)}")

    def codes(self, **narrow: Any) -> Iterator[JSON]:
        """Yield promo codes, newest first; `partner`."""
        return self.pages("/codes", **narrow)

    def create_code(
        self, partner: str, *, idempotency_key: str | None = None, **facts: Any
    ) -> JSON:
        """Give a partner a code."""
        return self._post("/codes", {"partner": partner, **facts}, idempotency_key)

    def payouts(self, **narrow: Any) -> Iterator[JSON]:
        """Yield payouts, newest first; `state`, `partner`."""
        return self.pages("/payouts", **narrow)

    def ask_payout(
        self,
        partner: str,
        amount: Decimal | str,
        *,
        method: str = "bank",
        idempotency_key: str | None = None,
    ) -> JSON:
        """Ask for a payout on a partner's behalf."""
        body = {"partner": partner, "amount": amount, "method": method}
        return self._post("/payouts", body, idempotency_key)

    def decide_payout(self, payout_id: str, act: str, reason: str | None = None) -> JSON:
        """Decide on a payout; `act`: approve, reject, paid, failed."""
        body = None if reason is None else {"reason": reason}
        return self._post(f"/payouts/{_part(payout_id)}/{_part(act)}", body)

    # Catalogue, settings, webhooks
    def put_product(self, product_id: str, product: Mapping[str, Any]) -> JSON:
        """Say what a product is."""
        return self._put(f"/products/{_part(product_id)}", product)

    def put_category(self, category_id: str, category: Mapping[str, Any]) -> JSON:
        """Say what a category is."""
        return self._put(f"/categories/{_part(category_id)}", category)

    def merchant(self) -> JSON:
        """Return the settings."""
        return self._get("/merchant")

    def change_merchant(self, **settings: Any) -> JSON:
        """Change settings, from now on."""
        return self._patch("/merchant", settings)

    def webhooks(self) -> Iterator[JSON]:
        """Yield the endpoints that are told what happens."""
        return self.pages("/webhooks")

    def create_webhook(self, url: str, *, events: list[str] | None = None, note: str = "") -> JSON:
        """Set up an endpoint; its `secret` is in this answer alone."""
        return self._post("/webhooks", {"url": url, "events": events or [], "note": note})

    def rotate_webhook(self, webhook_id: str) -> JSON:
        """Give an endpoint a new secret; for a day messages are signed with both."""
        return self._post(f"/webhooks/{_part(webhook_id)}/rotate")

    def delete_webhook(self, webhook_id: str) -> JSON:
        """Take an endpoint away."""
        return self._delete(f"/webhooks/{_part(webhook_id)}")


class PartnerClient(_Base):
    """A partner's own key: pk_live_… or pk_test_…."""

    def me(self) -> JSON:
        """Return the partner, the shop and the balances."""
        return self._get("/partner/me")

    def links(self) -> Iterator[JSON]:
        """Yield links, newest first."""
        return self.pages("/partner/links")

    def create_link(self, *, idempotency_key: str | None = None, **facts: str) -> JSON:
        """Make a link: `address`, `code`, `label`, `sub1` to `sub5`."""
        return self._post("/partner/links", facts, idempotency_key)

    def codes(self) -> Iterator[JSON]:
        """Yield promo codes."""
        return self.pages("/partner/codes")

    def statistics(
        self, by: str = "day", *, since: date | None = None, to: date | None = None
    ) -> JSON:
        """Return visits and sales by day, link, source, medium, campaign, page, or sub1 to sub5."""
        span = {"from": since and since.isoformat(), "to": to and to.isoformat()}
        return self._get("/partner/statistics", by=by, **span)

    def deals(self, bucket: str | None = None) -> Iterator[JSON]:
        """Yield what sales earn, newest first."""
        return self.pages("/partner/deals", bucket=bucket)

    def payouts(self, state: str | None = None) -> Iterator[JSON]:
        """Yield payouts, newest first."""
        return self.pages("/partner/payouts", state=state)

    def entries(self, bucket: str = "available") -> Iterator[JSON]:
        """Yield what made a balance, newest first."""
        return self.pages("/partner/entries", bucket=bucket)

    def own_events(self, after: int = 0) -> Iterator[JSON]:
        """Yield what happened to this partner after a place, up to now."""
        return self.events(after, path="/partner/events")
