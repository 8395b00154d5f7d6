"""Facts that one booking asks for again and again are read once, and what it changes itself is read anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.facts import service as facts
from app.tenancy import tenant_scope
from tests.network.forest import statements
from tests.payouts.setting import at_lampa, merchant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session, scoped_session

    from app.application import App


@pytest.fixture
def lampa(db_session: scoped_session[Session]) -> Iterator[int]:
    with at_lampa() as tenant:
        yield tenant


def value() -> object:
    return facts.current(["lamp"], ["colour"]).get("lamp", {}).get("colour")


def test_a_fact_is_read_once_in_the_block_and_anew_after_a_change(app: App, lampa: int) -> None:
    facts.put("lamp", "colour", "green")
    with statements(app) as sent, facts.remembered():
        assert (value(), value()) == ("green", "green")
        with facts.remembered():
            assert value() == "green"
        assert len(sent) == 1
        facts.put("lamp", "colour", "red")
        assert value() == "red"
    with statements(app) as sent:
        assert (value(), value()) == ("red", "red")
        assert len(sent) == 2


@pytest.mark.usefixtures("lampa")
def test_what_is_remembered_is_one_merchants() -> None:
    facts.put("lamp", "colour", "green")
    with facts.remembered():
        assert value() == "green"
        with tenant_scope(merchant("Kniga")):
            assert value() is None
