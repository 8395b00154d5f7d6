"""Policies, grants, the append-only guard and the click partitions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.tenancy_ddl import find_work, list_rows, protect

revision = "0002"
down_revision = "0001"

SHARED = ("person", "session", "membership", "tenant", "directory")  # no policy, by design
APPEND_ONLY = ("transfer",)
DRAIN = {
    "event": "SELECT, UPDATE",
    "feed": "SELECT, INSERT, UPDATE",
    "message": "SELECT, UPDATE",
    "inbox": "SELECT, UPDATE",
    "click": "SELECT, INSERT",
    "deal": "SELECT",
    "snapshot": "SELECT, INSERT, UPDATE",
}
LISTED = ("transfer", "balance", "snapshot", "payout", "partner", "orders", "deal", "share", "event")

GUARD = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'transfers are append-only: post a counter entry instead';
END $$
"""

# What was asked for is what is paid: only an erasure may empty the copied details.
KEEP = """
CREATE FUNCTION keep_payout() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the amount, the partner and the details of a payout never change';
END $$
"""
KEEPER = """
CREATE TRIGGER keep_payout BEFORE UPDATE ON payout FOR EACH ROW
WHEN (old.partner_id <> new.partner_id OR old.amount <> new.amount OR old.currency <> new.currency
      OR (new.details IS NOT NULL AND old.details IS DISTINCT FROM new.details))
EXECUTE FUNCTION keep_payout()
"""

PARTITIONS = """
CREATE FUNCTION make_click_partitions(first date, months int) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  start date;
  since timestamptz;
  until timestamptz;
  name text;
BEGIN
  FOR i IN 0 .. months - 1 LOOP
    start := (date_trunc('month', first::timestamp) + make_interval(months => i))::date;
    since := start::timestamp AT TIME ZONE 'UTC';
    until := (start + interval '1 month')::timestamp AT TIME ZONE 'UTC';
    name := 'click_' || to_char(start, 'YYYYMM');
    IF to_regclass('public.' || name) IS NULL THEN
      EXECUTE format('CREATE TABLE public.%I (LIKE public.click INCLUDING ALL)', name);
      -- Clicks of a moved clock may have come before their month was made.
      EXECUTE format(
        'WITH early AS (DELETE FROM public.click_default WHERE at >= %L AND at < %L RETURNING *)'
        ' INSERT INTO public.%I SELECT * FROM early', since, until, name);
      EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', name);
      EXECUTE format(
        'ALTER TABLE public.click ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
        name, since, until);
    END IF;
  END LOOP;
END $$
"""

DROP_PARTITIONS = """
CREATE FUNCTION drop_click_partitions(before date) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  name text;
  dropped int := 0;
BEGIN
  FOR name IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'public.click'::regclass AND c.relname ~ '^click_[0-9]{6}$'
      AND to_date(right(c.relname, 6), 'YYYYMM') + interval '1 month' <= before
  LOOP
    EXECUTE format('DROP TABLE public.%I', name);
    dropped := dropped + 1;
  END LOOP;
  DELETE FROM public.click_default WHERE at < before::timestamp AT TIME ZONE 'UTC';
  RETURN dropped;
END $$
"""


def upgrade() -> None:
    rows = op.get_bind().execute(
        sa.text(
            "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public'"
            " AND column_name = 'tenant_id' ORDER BY table_name"
        )
    )
    for table in [row[0] for row in rows if row[0] not in SHARED]:
        protect(table, append_only=table in APPEND_ONLY)
    for table in SHARED:
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO partnerka_app")
    op.execute("GRANT SELECT ON tenant, directory TO partnerka_drain, partnerka_list")
    for table, verbs in DRAIN.items():
        find_work(table, verbs)
    for table in LISTED:
        list_rows(table)
    op.execute(GUARD)
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON transfer"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(KEEP)
    op.execute(KEEPER)
    op.execute("CREATE TABLE click_default PARTITION OF click DEFAULT")
    op.execute("ALTER TABLE click_default ENABLE ROW LEVEL SECURITY")
    for function in (PARTITIONS, DROP_PARTITIONS):
        op.execute(function)
    op.execute("REVOKE EXECUTE ON FUNCTION make_click_partitions, drop_click_partitions FROM public")
    op.execute(
        "GRANT EXECUTE ON FUNCTION make_click_partitions, drop_click_partitions TO partnerka_app"
    )
    op.execute("SELECT make_click_partitions(current_date, 4)")


def downgrade() -> None:
    for function in (
        "make_click_partitions(date, int)",
        "drop_click_partitions(date)",
        "refuse_change() CASCADE",
        "keep_payout() CASCADE",
    ):
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP TABLE click_default")
    rows = op.get_bind().execute(
        sa.text("SELECT tablename, policyname FROM pg_policies WHERE schemaname = 'public'")
    )
    for table, policy in rows.fetchall():
        op.execute(f"DROP POLICY {policy} ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
