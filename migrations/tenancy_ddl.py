"""What every tenant's table gets: row level security, its policies, and grants by role."""

from __future__ import annotations

from alembic import op

TENANT = "tenant_id = nullif(current_setting('app.tenant', true), '')::bigint"


def protect(table: str, *, append_only: bool = False) -> None:
    """Let the app see and write only the rows of the tenant in scope."""
    verbs = "SELECT, INSERT" if append_only else "SELECT, INSERT, UPDATE, DELETE"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY tenant ON {table} TO partnerka_app USING ({TENANT}) WITH CHECK ({TENANT})"
    )
    op.execute(f"GRANT {verbs} ON {table} TO partnerka_app")


def find_work(table: str, verbs: str) -> None:
    """Let the drain find work of all tenants in this table."""
    op.execute(f"CREATE POLICY drain ON {table} TO partnerka_drain USING (true) WITH CHECK (true)")
    op.execute(f"GRANT {verbs} ON {table} TO partnerka_drain")


def list_rows(table: str) -> None:
    """Let the operator's listed queries read this table over all merchants."""
    op.execute(f"CREATE POLICY list ON {table} FOR SELECT TO partnerka_list USING (true)")
    op.execute(f"GRANT SELECT ON {table} TO partnerka_list")
