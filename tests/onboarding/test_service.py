from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app.errors import Conflict, DomainError
from app.events.models import Event
from app.extensions import db
from app.onboarding.service import NewMerchant, create_merchant
from app.payouts.models import PayoutMethod
from app.programs import queries as programs
from app.tenancy import PLATFORM, tenant_scope
from app.tenants import queries, rules

if TYPE_CHECKING:
    from sqlalchemy.orm import Session, scoped_session


def opened(slug: str = "", **more: str) -> NewMerchant:
    facts = {
        "name": "Nitka",
        "slug": slug or f"nitka-{secrets.token_hex(4)}",
        "email": "owner@nitka.example",
        "currency": "RUB",
        "locale": "ru",
        "timezone": "Europe/Moscow",
        "site": "https://www.nitka.example/shop/",
    }
    with tenant_scope(PLATFORM):
        return create_merchant(**{**facts, **more})


def test_a_merchant_begins_with_a_shop_terms_and_a_method(
    db_session: scoped_session[Session],
) -> None:
    made = opened()
    with tenant_scope(made.tenant.id):
        assert (made.shop.domain, made.shop.path) == ("www.nitka.example", "/shop")
        assert queries.words(made.shop.id).words == rules.DEFAULT_WORDS
        base = programs.base_terms()
        assert programs.conditions([base.id])[base.id].levels == ["10%"]
        assert db.session.scalars(select(PayoutMethod.code)).all() == ["bank"]
        assert queries.settings() == rules.DEFAULTS
        assert queries.webhook_secret() == made.webhook_secret


def test_the_owner_is_invited_and_the_opening_is_known(db_session: scoped_session[Session]) -> None:
    made = opened()
    with tenant_scope(made.tenant.id):
        kinds = set(db.session.scalars(select(Event.type)))
    assert {"merchant.created", "staff.invited"} <= kinds


def test_the_test_twin_is_a_merchant_of_its_own(db_session: scoped_session[Session]) -> None:
    made = opened()
    twin = queries.twin_of(made.tenant.id)
    assert twin is not None
    assert twin.slug == f"{made.tenant.slug}-test"
    live, test = queries.by_key(made.api_key), queries.by_key(made.test_api_key)
    assert live is not None
    assert test is not None
    assert (live[0], test[0]) == (made.tenant.id, twin.id)


def test_two_merchants_cannot_have_one_address(db_session: scoped_session[Session]) -> None:
    made = opened()
    with pytest.raises(Conflict):
        opened(made.tenant.slug)


def test_one_person_may_own_several_merchants(db_session: scoped_session[Session]) -> None:
    assert opened().owner.id == opened().owner.id


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"slug": "a b"}, "slug"),
        ({"slug": "login"}, "slug"),
        ({"slug": "lampa-test"}, "slug"),
        ({"currency": "ABC"}, "currency"),
        ({"timezone": "Nowhere"}, "timezone"),
        ({"email": "nobody"}, "email"),
        ({"site": "javascript:alert(1)"}, "site"),
        ({"site": "https://a b.example"}, "site"),
    ],
)
def test_what_cannot_be_opened_is_refused_by_its_field(
    db_session: scoped_session[Session], wrong: dict[str, str], field: str
) -> None:
    with pytest.raises(DomainError) as refused:
        opened(**wrong)
    assert [error.field for error in refused.value.errors] == [field]
