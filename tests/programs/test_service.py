"""Terms and groups: what may stand, versions that count up, and rates that are dated."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from app import clock
from app.errors import Conflict, DomainError
from app.facts import service as facts
from app.programs import queries, service
from app.tenancy import tenant_scope
from tests.partners.shops import lampa

if TYPE_CHECKING:
    from collections.abc import Iterator

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def _lampa(db_session: object) -> Iterator[None]:
    with tenant_scope(lampa().tenant.id):
        yield


@pytest.mark.usefixtures("_lampa")
class TestTerms:
    def test_a_new_merchant_pays_ten_percent_on_one_level(self) -> None:
        base = queries.base_terms()
        found = queries.conditions([base.id])[base.id]
        assert (found.label, found.levels) == ("Base terms v1", ["10%"])
        assert (found.hold_days, found.window_days, found.base) == (None, None, {})

    def test_each_change_is_a_version_and_the_same_again_is_none(self) -> None:
        base = queries.base_terms()
        service.change_terms(base, levels=["10%", "5%", "50.00"])
        service.change_terms(base, levels=["10.0%", "5%", "50"])
        assert base.version == 2
        service.change_terms(base, text="Be honest.")
        assert queries.conditions([base.id])[base.id].label == "Base terms v3"

    def test_an_order_of_yesterday_reads_the_rates_of_yesterday(self) -> None:
        base = queries.base_terms()
        later = clock.now() + timedelta(days=1)
        with clock.moved_to(later):
            service.change_terms(base, levels=["20%"])
        rates = facts.history([f"terms:{base.id}"], ["levels"])[f"terms:{base.id}", "levels"]
        assert rates.at(later - timedelta(seconds=1)) == ["10%"]
        assert rates.at(later) == ["20%"]

    def test_who_has_seen_an_older_version_is_told_so(self) -> None:
        base = queries.base_terms()
        service.change_terms(base, version=1, hold_days=30)
        with pytest.raises(Conflict):
            service.change_terms(base, version=1, hold_days=7)

    @pytest.mark.parametrize(
        ("levels", "fields"),
        [
            ([], ["levels"]),
            (["10%", None, "5%"], ["levels"]),
            (["101%"], ["levels.0"]),
            (["10%", "-5.00", "1e3", "0.001"], ["levels.1", "levels.2", "levels.3"]),
            (["1%"] * 10, ["levels"]),
        ],
    )
    def test_terms_say_one_to_nine_rates(self, levels: list[str | None], fields: list[str]) -> None:
        with pytest.raises(DomainError) as refused:
            service.change_terms(queries.base_terms(), levels=levels)
        assert [error.field for error in refused.value.errors] == fields

    def test_days_and_base_have_their_bounds(self) -> None:
        with pytest.raises(DomainError) as refused:
            service.change_terms(
                queries.base_terms(), hold_days=366, window_days=0, base={"gifts": True}
            )
        assert {error.field for error in refused.value.errors} == {
            "hold_days",
            "window_days",
            "base",
        }

    def test_a_second_set_has_a_name_of_its_own(self) -> None:
        service.create_terms(name="Bloggers", levels=["15%"], hold_days=0)
        with pytest.raises(Conflict):
            service.create_terms(name=" Bloggers ", levels=["15%"])
        assert [terms.name for terms in queries.all_terms()] == ["Base terms", "Bloggers"]

    def test_terms_are_found_by_id_name_or_number(self) -> None:
        made = service.create_terms(name="Bloggers", levels=["15%"])
        for said in (made.public_id, "Bloggers", str(made.id)):
            assert queries.find_terms(said) is made
        assert queries.find_terms("9" * 40) is None

    def test_a_set_does_not_end_before_it_starts(self) -> None:
        with pytest.raises(DomainError):
            service.create_terms(name="Old", levels=["1%"], valid_from=NOON, valid_to=NOON)


@pytest.mark.usefixtures("_lampa")
class TestGroups:
    def test_a_group_may_fall_through_on_a_level(self) -> None:
        group = service.create_group("Gold", [None, "7%", " "])
        assert queries.group_levels([group.id]) == {group.id: [None, "7%"]}

    def test_a_group_changes_from_now_on(self) -> None:
        group = service.create_group("Gold", ["12%"])
        service.change_group(group, name="Silver", levels=["11%"])
        assert queries.find_group("Silver") is group
        assert queries.group_levels([group.id])[group.id] == ["11%"]

    def test_two_groups_do_not_share_a_name(self) -> None:
        service.create_group("Gold")
        with pytest.raises(Conflict):
            service.create_group("Gold")
