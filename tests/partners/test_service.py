"""Partners come in, get codes, stand under sponsors, and go: services on the real database."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from app import clock
from app.errors import Conflict, DomainError, Forbidden
from app.events.models import Event
from app.extensions import db
from app.facts import service as facts
from app.identity import queries as identity
from app.partners import queries, service
from app.partners.models import Partner, SponsorEdge
from app.partners.rules import sponsor_at, tree_of, upline
from app.partners.service import Application, NewPartner
from app.programs import queries as programs
from app.programs import service as terms
from app.tenancy import current_tenant, tenant_scope
from app.tenants import service as tenants
from tests.partners.shops import kniga, lampa

if TYPE_CHECKING:
    from collections.abc import Iterator

MOSCOW = timedelta(hours=3)
NOON = datetime(2026, 11, 22, 9, tzinfo=UTC)  # 12:00 in Moscow


@pytest.fixture(autouse=True)
def _lampa(db_session: object) -> Iterator[None]:
    with clock.moved_to(NOON), tenant_scope(lampa().tenant.id):
        yield


def made(name: str, sponsor: Partner | None = None, **more: Any) -> Partner:
    return service.create(NewPartner(name=name, sponsor_id=sponsor.id if sponsor else None, **more))


def applied(name: str, email: str, **more: Any) -> Partner | None:
    version = programs.base_terms().version
    return service.register(Application(name=name, email=email, accepted_version=version, **more))


def told(kind: str) -> list[dict[str, Any]]:
    query = select(Event.facts).where(Event.type == kind).order_by(Event.id)
    return list(db.session.scalars(query))


class TestCreating:
    def test_a_partner_may_exist_with_a_name_only(self) -> None:
        anna = made("Анна Ёлкина")
        assert (anna.refcode, anna.status, anna.person_id) == ("anna-elkina", "active", None)
        assert [event["welcome"] for event in told("partner.created")] == [False]

    def test_everything_that_decides_money_has_its_first_row(self) -> None:
        anna = made("Anna", levels=["15%", None])
        first = facts.current([f"partner:{anna.id}"])[f"partner:{anna.id}"]
        assert first == {"status": "active", "terms": None, "group": None, "levels": ["15%"]}
        edges = [(e.sponsor_id, e.valid_from, e.valid_to) for e in queries.edges_of(anna.id)]
        assert edges == [(None, NOON, None)]

    def test_with_an_email_the_cabinet_opens_and_the_letter_is_promised(self) -> None:
        anna = made("Anna", email=" Anna@Example.ORG ")
        assert anna.email == "anna@example.org"
        person = identity.by_email("anna@example.org")
        assert person is not None
        membership = identity.partner_membership(person.id, current_tenant())
        assert membership is not None
        assert membership.partner_id == anna.id
        assert [event["welcome"] for event in told("partner.created")] == [True]

    def test_one_person_may_be_a_partner_of_two_merchants(self) -> None:
        anna = made("Anna", email="anna@example.org")
        with tenant_scope(kniga().tenant.id):
            other = made("Anna K.", email="anna@example.org")
            assert other.person_id == anna.person_id

    def test_an_email_belongs_to_one_partner_until_he_is_removed(self) -> None:
        anna = made("Anna", email="anna@example.org")
        with pytest.raises(Conflict):
            made("Also Anna", email="ANNA@example.org")
        service.remove(anna)
        made("Also Anna", email="anna@example.org")

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", "  "),
            ("email", "nobody"),
            ("phone", "12"),
            ("site", "javascript:alert(1)"),
            ("refcode", "a"),
            ("codes", ["АNNA"]),
            ("levels", ["200%"]),
        ],
    )
    def test_what_cannot_stand_is_named(self, field: str, value: object) -> None:
        with pytest.raises(DomainError) as refused:
            made(**({"name": "Anna"} | {field: value}))  # type: ignore[arg-type]
        assert refused.value.errors[0].field.startswith(field)

    def test_the_phone_is_kept_as_buyers_phones_are(self) -> None:
        anna = made("Anna", phone="+7 916 123-45-67", email="anna@example.org")
        known = queries.identities([anna.id])[anna.id]
        assert known.is_buyer(None, None, "+79161234567")
        assert known.is_buyer(None, "anna@example.org", None)


class TestCodes:
    def test_namesakes_get_codes_of_their_own(self) -> None:
        assert [made("Anna").refcode for _ in range(3)] == ["anna", "anna-2", "anna-3"]

    def test_codes_share_one_namespace_in_any_spelling(self) -> None:
        made("Anna", refcode="Anna", codes=["ANNA10"])
        for taken in ("anna", "ANNA10", "anna10"):
            with pytest.raises(Conflict):
                made("Boris", refcode=taken)
            with pytest.raises(Conflict):
                made("Boris", codes=[taken])

    def test_a_code_is_shown_as_it_was_written(self) -> None:
        anna = made("Anna", refcode="Anna", codes=["ANNA10"])
        shown = [(c.kind, c.key, c.display) for c in queries.codes_of([anna.id])[anna.id]]
        assert shown == [("refcode", "anna", "Anna"), ("promo", "anna10", "ANNA10")]

    def test_a_renamed_code_still_counts(self) -> None:
        anna = made("Anna", refcode="anna", codes=["ANNA10"])
        service.rename_refcode(anna, "Anyuta")
        service.set_promo_codes(anna, ["SPRING"])
        owners = queries.partner_of_code(["ANNA", "Anyuta", "anna10", "spring", "nobody"])
        assert owners == dict.fromkeys(["anna", "anyuta", "anna10", "spring"], anna.id)
        assert queries.by_refcode("anna") is anna
        assert [c.key for c in queries.codes_of([anna.id])[anna.id]] == ["anyuta", "spring"]

    def test_nobody_gets_a_code_that_another_one_gave_out(self) -> None:
        anna = made("Anna", codes=["SPRING"])
        service.retire_code(anna, "spring")
        with pytest.raises(Conflict):
            made("Boris", codes=["SPRING"])
        service.add_code(anna, "Spring")
        assert [c.display for c in queries.codes_of([anna.id])[anna.id]] == ["anna", "Spring"]


class TestRegistering:
    def test_a_visitor_becomes_a_partner_at_once(self) -> None:
        gleb = applied("Gleb", "gleb@example.org")
        assert gleb is not None
        assert (gleb.status, gleb.accepted_terms_version, gleb.accepted_terms_at) == (
            "active",
            1,
            NOON,
        )
        assert gleb.person_id is not None
        assert len(told("partner.registered")) == 1

    def test_where_the_merchant_approves_the_cabinet_waits(self) -> None:
        tenants.change_settings({"registration": "manual"})
        gleb = applied("Gleb", "gleb@example.org")
        assert gleb is not None
        assert (gleb.status, gleb.person_id) == ("pending", None)
        assert len(told("partner.applied")) == 1
        service.approve(gleb)
        assert (gleb.status, gleb.person_id is not None) == ("active", True)
        assert len(told("partner.approved")) == 1

    def test_a_known_email_gets_the_letter_and_the_visitor_the_same_answer(self) -> None:
        applied("Gleb", "gleb@example.org")
        assert applied("Not Gleb", "Gleb@Example.org") is None
        assert db.session.scalar(select(func.count()).select_from(Partner)) == 1
        assert len(told("partner.invited")) == 1

    def test_the_sponsor_comes_with_the_link_and_is_told(self) -> None:
        anna = made("Anna", codes=["ANNA10"])
        boris = applied("Boris", "boris@example.org", sponsor_code="anna10")
        assert boris is not None
        assert queries.sponsors_at([boris.id]) == {boris.id: anna.id}
        assert [event["partner_id"] for event in told("partner.recruited")] == [anna.id]

    @pytest.mark.parametrize("code", ["nobody", "", "x" * 500, "bl\u043ecked"])
    def test_a_wrong_sponsor_is_no_obstacle(self, code: str) -> None:
        gleb = applied("Gleb", "gleb@example.org", sponsor_code=code)
        assert gleb is not None
        assert queries.sponsors_at([gleb.id]) == {}

    def test_a_blocked_sponsor_brings_nobody(self) -> None:
        anna = made("Anna")
        service.block(anna)
        gleb = applied("Gleb", "gleb@example.org", sponsor_code="anna")
        assert gleb is not None
        assert queries.sponsors_at([gleb.id]) == {}

    def test_whoever_read_older_terms_reads_again(self) -> None:
        terms.change_terms(programs.base_terms(), text="New.")
        with pytest.raises(Conflict) as refused:
            service.register(Application(name="Gleb", email="g@example.org", accepted_version=1))
        assert refused.value.code == "terms_changed"

    def test_a_join_link_may_name_the_terms(self) -> None:
        bloggers = terms.create_terms(name="Bloggers", levels=["15%"])
        gleb = applied("Gleb", "gleb@example.org", terms_id=bloggers.id)
        assert gleb is not None
        assert gleb.terms_id == bloggers.id

    def test_a_closed_program_takes_nobody(self) -> None:
        tenants.change_settings({"registration": "closed"})
        with pytest.raises(Forbidden):
            applied("Gleb", "gleb@example.org")


class TestStates:
    def test_each_step_is_dated(self) -> None:
        anna = made("Anna")
        with clock.moved_to(NOON + timedelta(days=1)):
            service.block(anna, "spam")
        with clock.moved_to(NOON + timedelta(days=2)):
            service.unblock(anna)
        rows = facts.history([f"partner:{anna.id}"], ["status"])[f"partner:{anna.id}", "status"]
        assert [value for _, value in rows.rows] == ["active", "blocked", "active"]
        assert told("partner.blocked")[0]["reason"] == "spam"

    def test_a_step_that_the_state_does_not_allow_is_a_conflict(self) -> None:
        anna = made("Anna")
        for act in (service.approve, service.unblock):
            with pytest.raises(Conflict):
                act(anna)

    def test_a_removed_partner_has_no_cabinet(self) -> None:
        anna = made("Anna", email="anna@example.org")
        person = anna.person_id
        assert person is not None
        service.remove(anna)
        assert identity.partner_membership(person, current_tenant()) is None

    def test_a_new_email_moves_the_cabinet(self) -> None:
        anna = made("Anna", email="anna@example.org")
        before = anna.person_id
        service.change(anna, email="anna@new.example")
        assert anna.person_id not in {None, before}
        assert before is not None
        assert identity.partner_membership(before, current_tenant()) is None

    def test_the_welcome_letter_goes_again_to_whom_it_can(self) -> None:
        anna, boris = made("Anna", email="anna@example.org"), made("Boris")
        service.resend_welcome(anna)
        with pytest.raises(DomainError):
            service.resend_welcome(boris)
        assert [event["partner_id"] for event in told("partner.invited")] == [anna.id]

    def test_changes_are_told_with_before_and_after(self) -> None:
        anna = made("Anna")
        group = terms.create_group("Gold", ["12%"])
        service.change(anna, name="Anna A.", group_id=group.id, levels=["20%"], codes=["A10"])
        assert told("partner.changed")[0]["changes"] == {
            "name": ["Anna", "Anna A."],
            "group": [None, "Gold"],
            "levels": [[], ["20%"]],
            "codes": [[], ["a10"]],
        }
        service.change(anna, name="Anna A.", levels=["20%"], codes=["A10"])
        assert len(told("partner.changed")) == 1


class TestSponsors:
    def test_three_generations_stand_in_a_row(self) -> None:
        anna = made("Anna")
        boris = made("Boris", anna)
        vera = made("Vera", boris)
        tree = tree_of(queries.upline_edges([vera.id]))
        assert upline(tree, vera.id, NOON, 9) == (boris.id, anna.id)
        assert queries.recruit_counts([anna.id, vera.id]) == {anna.id: 1, vera.id: 0}
        assert [card.name for card in queries.line_above(vera.id)] == ["Anna", "Boris"]
        assert queries.line_above(anna.id) == []

    def test_a_change_from_a_later_day_starts_at_midnight_of_the_merchant(self) -> None:
        anna, boris = made("Anna"), made("Boris")
        vera = made("Vera", anna)
        with clock.moved_to(NOON + timedelta(days=1)):
            service.set_sponsor(vera, boris.id, since=date(2026, 12, 1))
        tree = tree_of(queries.upline_edges([vera.id]))
        midnight = datetime(2026, 12, 1, tzinfo=UTC) - MOSCOW
        assert sponsor_at(tree, vera.id, midnight - timedelta(seconds=1)) == anna.id
        assert sponsor_at(tree, vera.id, midnight) == boris.id

    def test_the_last_day_is_included(self) -> None:
        anna = made("Anna")
        vera = made("Vera", anna, sponsor_until=date(2026, 11, 30))
        tree = tree_of(queries.upline_edges([vera.id]))
        end = datetime(2026, 12, 1, tzinfo=UTC) - MOSCOW
        assert sponsor_at(tree, vera.id, end - timedelta(seconds=1)) == anna.id
        assert sponsor_at(tree, vera.id, end) is None

    def test_the_past_stays_as_it_was(self) -> None:
        anna, boris = made("Anna"), made("Boris")
        vera = made("Vera", anna)
        with clock.moved_to(NOON + timedelta(days=3)):
            with pytest.raises(DomainError):
                service.set_sponsor(vera, boris.id, since=date(2026, 11, 24))
            service.set_sponsor(vera, boris.id)
        tree = tree_of(queries.upline_edges([vera.id]))
        assert sponsor_at(tree, vera.id, NOON + timedelta(days=2)) == anna.id

    def test_a_new_word_replaces_what_was_planned(self) -> None:
        anna, boris = made("Anna"), made("Boris")
        vera = made("Vera", anna)
        with clock.moved_to(NOON + timedelta(days=1)):
            service.set_sponsor(vera, boris.id, since=date(2026, 12, 1))
            service.set_sponsor(vera, None)
        rows = [(e.sponsor_id, e.valid_to) for e in queries.edges_of(vera.id)]
        assert rows == [(anna.id, NOON + timedelta(days=1)), (None, None)]

    def test_the_same_again_writes_nothing(self) -> None:
        anna = made("Anna")
        vera = made("Vera", anna)
        assert not service.set_sponsor(vera, anna.id)
        assert db.session.scalar(select(func.count()).select_from(SponsorEdge)) == 2

    def test_no_cycle_at_any_instant(self) -> None:
        anna = made("Anna")
        boris = made("Boris", anna)
        vera = made("Vera", boris)
        for sponsor in (boris, vera, anna):
            with pytest.raises(DomainError):
                service.set_sponsor(anna, sponsor.id)
        with pytest.raises(DomainError):
            service.set_sponsor(anna, vera.id, since=date(2027, 1, 1))

    def test_a_planned_end_makes_room_for_a_later_edge(self) -> None:
        anna = made("Anna")
        boris = made("Boris", anna, sponsor_until=date(2026, 12, 31))
        with pytest.raises(DomainError):
            service.set_sponsor(anna, boris.id, since=date(2026, 12, 31))
        service.set_sponsor(anna, boris.id, since=date(2027, 1, 1))

    @pytest.mark.parametrize("status", ["removed", "unknown"])
    def test_a_sponsor_must_be_there(self, status: str) -> None:
        anna, vera = made("Anna"), made("Vera")
        service.remove(anna)
        with pytest.raises(DomainError):
            service.set_sponsor(vera, anna.id if status == "removed" else 10**12)
