"""Every table has a policy, or is one of the few that the whole platform shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from app.extensions import db
from app.tenancy import tenant_scope

if TYPE_CHECKING:
    from sqlalchemy.orm import scoped_session

# Without a policy, and why: they are asked before anybody knows the merchant, or belong to no merchant.
SHARED = {
    "person": "people are the platform's: one may work for many merchants",
    "session": "a session is a person's",
    "membership": "says which merchants a person may enter",
    "tenant": "the merchants themselves",
    "directory": "slug, domain, key, link or connection -> the merchant",
    "alembic_version": "the migrations' own",
}


def tables(session: scoped_session[Any]) -> dict[str, Any]:
    """Return {table: its row in the catalogue}, partitions included."""
    rows = session.execute(
        text(
            "SELECT c.relname, c.relrowsecurity AS secured, c.relforcerowsecurity AS forced,"
            " pg_get_userbyid(c.relowner) AS owner, c.relispartition AS partition,"
            " EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id'"
            "         AND NOT a.attisdropped) AS tenanted,"
            " (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid) AS policies"
            " FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace"
        )
    )
    return {row.relname: row for row in rows}


def test_every_table_has_a_policy_or_is_listed(db_session: scoped_session[Any]) -> None:
    # A partition without a policy of its own lets nobody through but by its parent.
    bare = {
        name
        for name, row in tables(db_session).items()
        if not row.secured or not (row.policies or row.partition)
    }
    assert bare == SHARED.keys()


def test_a_table_with_a_policy_carries_its_tenant(db_session: scoped_session[Any]) -> None:
    secured = {name: row for name, row in tables(db_session).items() if row.secured}
    assert not {name for name, row in secured.items() if not row.tenanted}


def test_policies_are_not_forced_on_the_owner(db_session: scoped_session[Any]) -> None:
    assert not {name for name, row in tables(db_session).items() if row.forced}


def test_the_app_owns_nothing(db_session: scoped_session[Any]) -> None:
    assert {row.owner for row in tables(db_session).values()} == {"partnerka_owner"}


def test_the_app_has_no_grant_on_partitions(db_session: scoped_session[Any]) -> None:
    partitions = [name for name, row in tables(db_session).items() if row.partition]
    assert partitions
    for name in partitions:
        granted = text(
            "SELECT has_table_privilege(current_user, :name, 'SELECT, INSERT, UPDATE, DELETE')"
        )
        assert db_session.execute(granted, {"name": name}).scalar_one() is False, name


def test_foreign_keys_between_tenants_tables_carry_the_tenant(
    db_session: scoped_session[Any],
) -> None:
    rows = db_session.execute(
        text(
            "SELECT k.conname, k.conrelid::regclass::text AS source, k.confrelid::regclass::text AS target,"
            " ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = k.conrelid"
            "       AND attnum = ANY(k.conkey)) AS columns"
            " FROM pg_constraint k WHERE k.contype = 'f' AND k.conparentid = 0"
        )
    )
    loose = [r.conname for r in rows if r.target not in SHARED and "tenant_id" not in r.columns]
    assert not loose


def test_without_a_tenant_no_row_is_seen(db_session: scoped_session[Any]) -> None:
    for name, row in tables(db_session).items():
        if row.secured and not row.partition:
            seen = db_session.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()
            assert seen == 0, name


def test_states_and_searched_columns_have_types_that_use_an_index(
    db_session: scoped_session[Any],
) -> None:
    native = (
        db_session.execute(text("SELECT typname FROM pg_type WHERE typtype = 'e'")).scalars().all()
    )
    assert not native


@pytest.mark.parametrize(
    "verb", ["UPDATE transfer SET amount = 1", "DELETE FROM transfer", "TRUNCATE transfer"]
)
def test_the_ledger_is_append_only_for_the_app(db_session: scoped_session[Any], verb: str) -> None:
    with tenant_scope(1), pytest.raises(Exception, match=r"permission denied|append"):
        db.session.execute(text(verb))
    db_session.rollback()
