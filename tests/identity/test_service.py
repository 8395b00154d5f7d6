from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from app import clock
from app.errors import Conflict, DomainError, NotFound
from app.extensions import db
from app.identity import queries, rules, service
from app.tenancy import PLATFORM, tenant_scope
from tests.world import OTHER_PASSWORD, PASSWORD, Merchant

if TYPE_CHECKING:
    from app.application import App
    from app.identity.models import Person


def person_of(merchant: Merchant, role: str) -> Person:
    found = queries.person(merchant.staff[role].id)
    assert found is not None
    return found


def test_an_address_written_otherwise_is_the_same_person(app: App, lampa: Merchant) -> None:
    with app.app_context(), lampa.scope():
        known = person_of(lampa, "owner")
        assert service.ensure_person(f"  {known.email.upper()} ", "Somebody").id == known.id
        assert queries.people([known.id]) == {known.id: known}
        with pytest.raises(DomainError):
            service.ensure_person("no address", "Nobody")


def test_a_role_that_does_not_exist_is_refused(app: App, lampa: Merchant) -> None:
    with app.app_context(), lampa.scope():
        with pytest.raises(DomainError):
            service.invite(lampa.id, "eve@evil.example", "Eve", "god")
        with pytest.raises(DomainError):
            service.change_role(lampa.id, lampa.staff["support"].id, "partner")
        service.change_role(lampa.id, lampa.staff["support"].id, "support")
        db.session.rollback()


def test_links_go_to_somebody_and_serve_a_known_purpose(app: App, lampa: Merchant) -> None:
    with app.app_context(), lampa.scope():
        owner = person_of(lampa, "owner")
        assert (
            service.person_of_link(service.link_token(owner, rules.Purpose.RESET), "reset") is owner
        )
        assert service.person_of_link(service.link_token(owner, rules.Purpose.RESET), "odd") is None
        assert service.person_of_link("odd", "reset") is None
        assert service.password_link(owner.id, "invitation") == "http://localhost/login"
        assert service.password_link(owner.id, "reset", "ru").endswith("&lang=ru")
        with pytest.raises(NotFound):
            service.password_link(2**40, "reset")


def test_who_becomes_staff_has_sessions_of_staff(app: App, lampa: Merchant) -> None:
    with app.app_context(), tenant_scope(PLATFORM):
        person = service.ensure_person(f"vera@{lampa.slug}.example", "Vera")
        token = service.sign_in(person, ip=None, agent=None)
        with time_machine.travel(clock.wall() + timedelta(days=10), tick=False):
            assert service.signed_in(token) is not None
        service.join(person, lampa.id, "support")
        db.session.expire_all()
        with time_machine.travel(clock.wall() + timedelta(hours=13), tick=False):
            assert service.signed_in(token) is None
        db.session.rollback()


def test_of_two_who_use_one_link_at_once_one_wins(app: App, lampa: Merchant) -> None:
    with app.app_context(), lampa.scope():
        token = service.link_token(person_of(lampa, "owner"), rules.Purpose.RESET)

    def use(password: str) -> bool:
        with app.app_context(), tenant_scope(PLATFORM):
            person = service.person_of_link(token, "reset")
            try:
                if person is not None:
                    service.change_password(person, password)
                    db.session.commit()
                    return True
            except Conflict:
                db.session.rollback()
            return False

    passwords = [f"{word} lamps over a table" for word in ("one", "two", "three", "four")]
    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(use, passwords))
    assert won.count(True) == 1
    with app.app_context(), lampa.scope():
        known = [
            service.authenticate(lampa.staff["owner"].email, password) is not None
            for password in (*passwords, PASSWORD, OTHER_PASSWORD)
        ]
        db.session.rollback()
    assert known == [*won, False, False]


def test_two_owners_who_remove_each_other_at_once_leave_one(app: App, lampa: Merchant) -> None:
    with app.app_context(), lampa.scope():
        service.change_role(lampa.id, lampa.staff["manager"].id, "owner")
        db.session.commit()

    def remove(role: str) -> None:
        with app.app_context(), lampa.scope():
            try:
                service.remove_staff(lampa.id, lampa.staff[role].id)
                db.session.commit()
            except (Conflict, NotFound):
                db.session.rollback()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(remove, ("owner", "manager")))
    with app.app_context():
        assert queries.owners(lampa.id) == 1


def test_a_password_that_nobody_could_have_typed_is_wrong(app: App, lampa: Merchant) -> None:
    with app.app_context():
        assert service.authenticate(lampa.staff["owner"].email, "x" * 5000) is None
