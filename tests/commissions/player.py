"""Plays a history of the oracle through the services and says how things then stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from app import clock
from app.attribution.queries import journal
from app.catalog import service as catalog
from app.commissions.queries import booked, deal_view
from app.extensions import db
from app.installation import settings
from app.intake import service as intake
from app.ledger.queries import partner_balances
from app.links.rules import click_key, milliseconds_of, seal_click
from app.links.service import ensure_default
from app.money import to_decimal_string
from app.orders.service import Incoming, find, read_state
from app.partners import queries as partners
from app.partners import service as partnering
from app.partners.models import Partner
from app.payouts import service as payouts
from app.programs import queries as programs
from app.programs import service as programming
from app.programs.models import Campaign
from app.tenancy import current_tenant
from app.tenants import queries as tenants
from app.tenants import service as tenancy
from tests.commissions.histories import History, Said, is_yes, levels_of, moment, snapshot_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

_LISTS = frozenset({"allowed_coupons", "parameters"})
_BUCKETS = ("pending", "available", "debt")


@dataclass
class Player:
    """One history in one shop. Names of the file lead to our ids."""

    history: History
    shop_id: int
    founded: datetime
    people: dict[str, int] = field(default_factory=dict)
    terms: dict[str, int] = field(default_factory=dict)
    groups: dict[str, int] = field(default_factory=dict)
    campaigns: dict[str, Campaign] = field(default_factory=dict)
    goods: dict[str, dict[str, int]] = field(
        default_factory=lambda: {"products": {}, "categories": {}}
    )
    tokens: dict[str, str] = field(default_factory=dict)
    _nonce: Any = field(default_factory=lambda: count(1))

    # -- the world ------------------------------------------------------------------------------

    def change_world(self, step: dict[str, Any]) -> None:
        """Let one step of the world happen at its time, else when all began."""
        with clock.moved_to(self.when(step)):
            for verb, said in step.items():
                if verb != "at":
                    getattr(self, f"_{verb}")(said)
            db.session.flush()

    def when(self, step: dict[str, Any]) -> datetime:
        """Return when a step of the world happens."""
        return self.history.merchant.time(step["at"]) if "at" in step else self.founded

    def _terms(self, said: dict[str, Any]) -> None:
        sums, time = self.history.merchant.sum, self.history.merchant.time
        changes: dict[str, Any] = {}
        for name, key, read in (
            ("levels", "levels", levels_of),
            ("hold", "hold_days", int),
            ("window", "window_days", int),
            ("base", "base", lambda parts: {k: is_yes(v) for k, v in parts.items()}),
            ("by_buyer", "levels_by_buyer", lambda of: {k: levels_of(v) for k, v in of.items()}),
            ("cashback", "cashback_rate", str),
            ("cap", "cap", sums),
            ("from", "valid_from", time),
            ("to", "valid_to", time),
        ):
            if name in said:
                changes[key] = read(said[name])
        known = self.terms.get(said.get("name", ""))
        if "name" in said and known is None:
            made = programming.create_terms(name=said["name"], **changes)
            self.terms[said["name"]] = made.id
            return
        found = programs.base_terms() if known is None else programs.terms_by_id(known)
        assert found is not None
        programming.change_terms(found, **changes)

    def _settings(self, said: dict[str, Any]) -> None:
        tenancy.change_settings({name: self._setting(name, word) for name, word in said.items()})

    def _setting(self, name: str, word: Any) -> Any:
        if name in _LISTS:
            return word
        if word in {"yes", "no"}:
            return is_yes(word)
        if word == "none":
            return None
        if name.startswith("cap_"):
            return self.history.merchant.sum(word)
        return int(word) if word.isdecimal() else word

    def _group(self, said: dict[str, Any]) -> None:
        by_buyer = {name: levels_of(own) for name, own in said.get("by_buyer", {}).items()}
        if said["name"] in self.groups:
            found = programs.group_by_id(self.groups[said["name"]])
            assert found is not None
            programming.change_group(found, levels=levels_of(said["levels"]))
            return
        made = programming.create_group(
            said["name"],
            levels_of(said.get("levels", [])),
            levels_by_buyer=by_buyer,
            terms_id=self.terms[said["terms"]] if "terms" in said else None,
        )
        self.groups[said["name"]] = made.id

    def _partner(self, said: dict[str, Any]) -> None:
        changes: dict[str, Any] = {}
        if "levels" in said:
            changes["levels"] = levels_of(said["levels"])
        if "group" in said:
            changes["group_id"] = self.groups[said["group"]]
        if "terms" in said:
            changes["terms_id"] = self.terms[said["terms"]]
        if "email" in said:
            changes["email"] = said["email"]
        if said["name"] in self.people:
            partnering.change(self._person(said["name"]), **changes)
            return
        until = self.history.merchant.time(said["until"]).date() if "until" in said else None
        sponsor = self.people[said["under"]] if "under" in said else None
        made = partnering.create(
            partnering.NewPartner(
                name=said["name"],
                codes=said.get("codes", [f"{said['name'].upper()}10"]),
                sponsor_id=sponsor,
                sponsor_until=until,
                **changes,
            )
        )
        self.people[said["name"]] = made.id

    def _person(self, name: str) -> Partner:
        found = partners.by_id(self.people[name])
        assert found is not None
        return found

    def _sponsor(self, said: dict[str, Any]) -> None:
        day = {
            n: self.history.merchant.time(said[n]).date() for n in ("since", "until") if n in said
        }
        to = None if said["to"] == "nobody" else self.people[said["to"]]
        partnering.set_sponsor(self._person(said["of"]), to, **day)

    def _block(self, name: str) -> None:
        partnering.block(self._person(name))

    def _unblock(self, name: str) -> None:
        partnering.unblock(self._person(name))

    def _remove(self, name: str) -> None:
        partnering.remove(self._person(name))

    def _category(self, said: dict[str, Any]) -> None:
        more: Any = {"parent": said["parent"]} if "parent" in said else {}
        if "levels" in said:
            more["levels"] = levels_of(said["levels"])
        made = catalog.put_category(self.shop_id, said["id"], **more)
        self.goods["categories"][said["id"]] = made.id

    def _product(self, said: dict[str, Any]) -> None:
        more: Any = {"category": said["category"]} if "category" in said else {}
        more |= {name: is_yes(said[name]) for name in ("takes_part", "promo") if name in said}
        if "levels" in said:
            more["levels"] = levels_of(said["levels"])
        made = catalog.put_product(self.shop_id, said["id"], **more)
        self.goods["products"][said["id"]] = made.id

    def _campaign(self, said: dict[str, Any]) -> None:
        ids = {**self.goods, "groups": self.groups, "partners": self.people}
        scopes: Any = {n: [known[w] for w in said[n]] for n, known in ids.items() if n in said}
        for name, key in (("from", "starts_at"), ("to", "ends_at")):
            if name in said:
                scopes[key] = self.history.merchant.time(said[name])
        made = programming.create_campaign(
            name=said["name"], levels=levels_of(said["levels"]), **scopes
        )
        self.campaigns[said["name"]] = made

    def _stop(self, name: str) -> None:
        programming.stop_campaign(self.campaigns[name])

    def _words(self, said: dict[str, str]) -> None:
        shop = tenants.shop_by_id(self.shop_id)
        assert shop is not None
        tenancy.change_shop(shop, words=said)

    def _paid(self, said: dict[str, str]) -> None:
        amount = self.history.merchant.sum(said["sum"])
        payouts.record_paid(self.people[said["to"]], amount, "bank", "system")

    # -- the shop's messages --------------------------------------------------------------------

    def hear(self, told: Iterable[Said]) -> None:
        """Take in messages in one batch."""
        words = tenants.words(self.shop_id)
        batch = []
        for said in told:
            if said.fields is None:
                intake.delete(self.shop_id, said.order)
                continue
            click = said.fields.get("click")
            token = self._token(click) if click else None
            snapshot = snapshot_of(said.fields, self.history.merchant, token)
            batch.append(
                Incoming(
                    shop_id=self.shop_id,
                    external_id=said.order,
                    snapshot=snapshot,
                    state=read_state(snapshot.status, words.words),
                    map_version=words.version,
                    source="api",
                    received_at=said.at,
                )
            )
        if batch:
            intake.apply_all(batch)

    def _token(self, word: str) -> str:
        """Return the click of "Vera 09-01 10:00", sealed as ours are."""
        if word not in self.tokens:
            name, _, time = word.partition(" ")
            link = ensure_default(self._person(name))
            assert link is not None
            at = milliseconds_of(self.history.merchant.time(time))
            key = click_key(settings().secret_key)
            self.tokens[word] = seal_click(key, current_tenant(), link.id, at, next(self._nonce))
        return self.tokens[word]

    def sweep(self) -> None:
        """Do what the worker does every minute: what is ripe becomes available."""
        mine = [order for tenant, order, _ in intake.ripe() if tenant == current_tenant()]
        if mine:
            intake.rework(mine)

    # -- how things stand -----------------------------------------------------------------------

    def stands(self, order: str) -> dict[str, Any]:
        """Return an order's deal in the words of the files."""
        found = find(self.shop_id, order)
        view = deal_view(found.id)
        assert view is not None
        names = {i: name for name, i in self.people.items()}
        lines = [(each, row) for row in view.shares for each in row.lines]
        shares = {f"{e.line or 'ship'}.{r.level} {r.name}": (e, r.bucket) for e, r in lines}
        entries = journal(found.id)
        clicks = {token: word for word, token in self.tokens.items()}
        return {
            "partner": view.partner.name if view.partner else "nobody",
            "state": view.deal.state,
            "reason": view.deal.reason or "none",
            "terms": view.deal.terms_label,
            "free": moment(view.deal.available_at) if view.deal.available_at else "none",
            "shares": {k: self._money(e.amount) for k, (e, _) in shares.items() if e.amount},
            "listed": sorted(shares),
            "buckets": {bucket for _, bucket in shares.values()},
            "sources": {k: e.why["source"] for k, (e, _) in shares.items()},
            "cuts": {k: self._money(e.why["cut"]) for k, (e, _) in shares.items() if e.why["cut"]},
            "caps": {
                k: [cap["by"] for cap in e.why["caps"]]
                for k, (e, _) in shares.items()
                if e.why.get("caps")
            },
            "claims": {f"{e.kind} {clicks.get(e.evidence, e.evidence)}": e.why for e in entries},
            "booked": {
                f"{key.line or 'ship'}.{key.level} {names[key.partner_id]}": self._net(*nets)
                for key, nets in booked([found.id]).items()
            },
        }

    def _net(self, pending: int, settled: int) -> str:
        said = [(pending, "pending"), (settled, "available")]
        return ", ".join(f"{self._money(minor)} {bucket}" for minor, bucket in said if minor)

    def balances(self) -> dict[str, str]:
        """Return what stands on the accounts of each partner who has anything there."""
        found = partner_balances(list(self.people.values()))
        told = {}
        for name, partner_id in self.people.items():
            sums = [(getattr(found[partner_id], bucket), bucket) for bucket in _BUCKETS]
            words = ", ".join(f"{self._money(minor)} {bucket}" for minor, bucket in sums if minor)
            if words:
                told[name] = words
        return told

    def _money(self, minor: int) -> str:
        return to_decimal_string(minor, self.history.merchant.currency)
