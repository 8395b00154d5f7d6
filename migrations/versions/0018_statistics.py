"""Roll-ups of clicks and sales, figures of partners for lists, and the places that fill them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenancy_ddl import find_work, protect

revision = "0018"
down_revision = "0017"

TENANT = sa.text("nullif(current_setting('app.tenant', true), '')::bigint")
TIME = sa.DateTime(timezone=True)
CONVERSION = "CASE WHEN clicks > 0 THEN (orders * 20000 + clicks) / (2 * clicks) ELSE 0 END"
EPC = "CASE WHEN clicks > 0 THEN (own * 2 + clicks) / (2 * clicks) ELSE 0 END"
SORTED = ("clicks", "orders", "turnover", "own", "network", "available", "last_sale_at", "conversion", "epc")
NEW = ("roll_up", "click_day", "stale_day", "click_stat", "sale", "sale_stat", "partner_figures", "late_click",
       "saved_view", "export_part")

# A partner is in every list from the moment he is made, by whatever way.
FOLLOW = """
CREATE FUNCTION figures_of_new_partner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO partner_figures (tenant_id, partner_id) SELECT tenant_id, id FROM made
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$
"""


def _tenant() -> sa.Column:
    return sa.Column("tenant_id", sa.BigInteger(), server_default=TENANT, nullable=False)


def _number(name: str, default: str | None = None, *, null: bool = False) -> sa.Column:
    given = None if default is None else sa.text(default)
    return sa.Column(name, sa.BigInteger(), server_default=given, nullable=null)


def _text(name: str) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=False)


def _day(*, null: bool = False) -> sa.Column:
    return sa.Column("day", sa.Date(), nullable=null)


def _stat(table: str, measures: tuple[str, ...]) -> None:
    op.create_table(
        table,
        _tenant(),
        _number("partner_id"),
        _text("dim"),
        _day(),
        _text("key"),
        *[_number(name) for name in measures],
        sa.PrimaryKeyConstraint("tenant_id", "partner_id", "dim", "day", "key", name=f"pk_{table}"),
    )
    op.create_index(f"ix_{table}_day", table, ["tenant_id", "day", "dim", "partner_id"])


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{to}.tenant_id", f"{to}.id"],
        name=f"fk_{table}_tenant_id_{column}",
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # The messages that are there have been seen by no roll-up, and by none of theirs need be.
    op.add_column("order_message", _number("xid", "0"))
    op.execute(
        "ALTER TABLE order_message ALTER COLUMN xid SET DEFAULT (pg_current_xact_id()::text)::bigint"
    )
    op.create_index("ix_order_message_xid", "order_message", ["tenant_id", "xid"])
    op.create_table(
        "roll_up",
        _tenant(),
        _text("zone"),
        _number("deal_place", "0", null=True),
        _number("message_xid", "0"),
        _number("event_position", "0"),
        sa.Column("click_day", sa.Date(), nullable=True),
        sa.Column("ready_at", TIME, nullable=True),
        sa.Column("rest_until", TIME, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_roll_up"),
    )
    op.create_table(
        "click_day", _tenant(), _day(), _number("seen"),
        sa.PrimaryKeyConstraint("tenant_id", "day", name="pk_click_day"),
    )
    op.create_table(
        "stale_day", _tenant(), _day(),
        sa.PrimaryKeyConstraint("tenant_id", "day", name="pk_stale_day"),
    )
    op.create_table(
        "late_click",
        _day(),
        _tenant(),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_late_click"),
    )
    _stat("click_stat", ("people", "repeats", "bots"))
    money = ("total", "expected", "pending", "available", "own_expected", "own_pending", "own_available")
    op.create_table(
        "sale",
        _tenant(),
        _number("order_id"),
        _day(),
        _number("partner_id"),
        _text("touch"),
        sa.Column("fallen", sa.Boolean(), nullable=False),
        *[_number(name) for name in money],
        sa.Column("keys", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "order_id", name="pk_sale"),
        _refers("sale", "order_id", "orders"),
        sa.CheckConstraint("touch in ('only','first','late','later')", name="ck_sale_touch"),
    )
    op.create_index("ix_sale_day", "sale", ["tenant_id", "day"])
    op.create_index("ix_sale_partner", "sale", ["tenant_id", "partner_id", "day"])
    _stat(
        "sale_stat",
        ("orders", "fallen", "turnover", "expected", "pending", "available", "network", "opener", "sole", "late"),
    )
    op.create_table(
        "partner_figures",
        _tenant(),
        _number("partner_id"),
        *[_number(name, "0") for name in ("clicks", "bots", "orders", "turnover", "own", "network",
                                          "available", "opener", "sole", "late")],
        sa.Column("last_sale_at", TIME, nullable=True),
        sa.Column("conversion", sa.BigInteger(), sa.Computed(CONVERSION, persisted=True), nullable=False),
        sa.Column("epc", sa.BigInteger(), sa.Computed(EPC, persisted=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "partner_id", name="pk_partner_figures"),
        _refers("partner_figures", "partner_id", "partner"),
    )
    for name in SORTED:
        op.create_index(f"ix_partner_figures_{name}", "partner_figures", ["tenant_id", name, "partner_id"])
    op.create_table(
        "saved_view",
        _text("list"),
        _text("name"),
        _text("query"),
        _number("person_id", null=True),
        sa.Column("created_at", TIME, nullable=False),
        _tenant(),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_saved_view"),
        sa.CheckConstraint("name <> ''", name="ck_saved_view_name"),
        sa.UniqueConstraint(
            "tenant_id", "list", "person_id", "name",
            name="uq_saved_view_tenant_id_list_person_id_name", postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "export_part",
        _tenant(),
        _number("run_id"),
        _number("number"),
        sa.Column("rows", JSONB(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "run_id", "number", name="pk_export_part"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "run_id"], ["run.tenant_id", "run.id"],
            name="fk_export_part_tenant_id_run_id", ondelete="CASCADE",
        ),
    )
    op.create_index("ix_export_part_created", "export_part", ["tenant_id", "created_at"])
    op.execute("INSERT INTO partner_figures (tenant_id, partner_id) SELECT tenant_id, id FROM partner")
    op.execute(FOLLOW)
    op.execute(
        "CREATE TRIGGER figures AFTER INSERT ON partner REFERENCING NEW TABLE AS made"
        " FOR EACH STATEMENT EXECUTE FUNCTION figures_of_new_partner()"
    )
    for table in NEW:
        protect(table)
    for table in ("roll_up", "stale_day", "late_click", "click_day", "order_message"):
        find_work(table, "SELECT")


def downgrade() -> None:
    op.execute("DROP TRIGGER figures ON partner")
    op.execute("DROP FUNCTION figures_of_new_partner")
    op.execute("DROP POLICY drain ON order_message")
    op.execute("REVOKE SELECT ON order_message FROM partnerka_drain")
    for table in reversed(NEW):
        op.drop_table(table)
    op.drop_index("ix_order_message_xid", "order_message")
    op.drop_column("order_message", "xid")
