"""The whole database, as its superuser sees it: what stands in all tables, whoever's they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from tests.harness.engines import Addresses

_COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, NULL)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind = 'r' AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
  AND a.attgenerated = '' ORDER BY 1, 2
"""


@dataclass(frozen=True)
class Tables:
    """A way to all rows; `columns`: (table, column, type)."""

    address: str
    name: str

    def ask(self, statement: sql.Composed, *values: Any) -> list[Any]:
        with psycopg.connect(self.address, dbname=self.name) as connection:
            connection.execute("SET session_replication_role = replica")  # also what is append-only
            found = connection.execute(statement, values)
            return found.fetchall() if found.description else []

    @property
    def columns(self) -> list[tuple[str, str, str]]:
        return self.ask(sql.SQL(_COLUMNS).format())

    def of_tenant(self, tenant_id: int) -> dict[str, str]:
        """Return {table: a mark of all rows of a merchant}."""
        mark = "SELECT md5(coalesce(string_agg(t::text, '' ORDER BY t::text), '')) FROM {} t WHERE tenant_id = %s"
        names = sorted({table for table, column, _kind in self.columns if column == "tenant_id"})
        return {
            name: self.ask(sql.SQL(mark).format(sql.Identifier(name)), tenant_id)[0][0]
            for name in names
        }

    def with_word(self, word: str) -> list[str]:
        """Return the tables in which some row says a word."""
        found = "SELECT count(*) FROM {} t WHERE t::text LIKE %s"
        names = sorted({table for table, _column, _kind in self.columns})
        return [
            name
            for name in names
            if self.ask(sql.SQL(found).format(sql.Identifier(name)), f"%{word}%")[0][0]
        ]

    def put(self, tenant_id: int, before: str, after: str) -> int:
        """Write one word for another wherever a merchant's rows say it; returns in how many columns."""
        told = {(table, column): kind for table, column, kind in self.columns}
        done = 0
        for (table, column), kind in told.items():
            if (table, "tenant_id") not in told or kind not in {"text", "jsonb"}:
                continue
            quoted = json_text(after) if kind == "jsonb" else after
            change = sql.SQL(
                "UPDATE {t} SET {c} = replace({c}::text, %s, %s)::{k}"
                " WHERE tenant_id = %s AND {c}::text LIKE %s RETURNING 1"
            ).format(t=sql.Identifier(table), c=sql.Identifier(column), k=sql.SQL(kind))
            done += bool(self.ask(change, before, quoted, tenant_id, f"%{before}%"))
        return done


def json_text(text: str) -> str:
    """Return a text as it stands between the quotes of JSON."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def all_of(engines: Addresses, worker_name: str) -> Tables:
    """Return this worker's database."""
    return Tables(engines.superuser, f"partnerka_{worker_name}")
