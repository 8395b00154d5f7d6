"""The network's roll-ups, removals with their branch, and warnings before a fall to a lower group."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenancy_ddl import find_work, protect

revision = "0008"
down_revision = "0007"

TENANT = sa.text("nullif(current_setting('app.tenant', true), '')::bigint")
NEW = ("tree_version", "rehang", "network_run", "branch", "branch_earning", "grade_cursor", "grade_warning")


def _tenant() -> sa.Column:
    return sa.Column("tenant_id", sa.BigInteger(), server_default=TENANT, nullable=False)


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def _number(name: str, default: str | None = "0", *, null: bool = False) -> sa.Column:
    given = None if default is None else sa.text(default)
    return sa.Column(name, sa.BigInteger(), server_default=given, nullable=null)


def _moment(name: str, *, null: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null)


def _to_partner(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        ["partner.tenant_id", "partner.id"],
        name=f"fk_{table}_tenant_id_{column}",
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "tree_version",
        _tenant(),
        _number("version"),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_tree_version"),
    )
    op.create_table(
        "rehang",
        _number("partner_id", None),
        _number("heir_id", None, null=True),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        _number("total"),
        _number("moved"),
        _moment("created_at"),
        _moment("finished_at", null=True),
        _moment("undone_at", null=True),
        _tenant(),
        _id(),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_rehang"),
        _to_partner("rehang", "partner_id"),
        _to_partner("rehang", "heir_id"),
        sa.CheckConstraint("before in ('active','blocked','rejected')", name="ck_rehang_before"),
    )
    op.create_index("ix_rehang_partner", "rehang", ["tenant_id", "partner_id", "id"])
    op.create_index(
        "ix_rehang_open",
        "rehang",
        ["tenant_id", "id"],
        postgresql_where=sa.text("finished_at is null"),
    )
    op.add_column("sponsor_edge", _number("rehang_id", None, null=True))
    op.create_foreign_key(
        "fk_sponsor_edge_tenant_id_rehang_id",
        "sponsor_edge",
        "rehang",
        ["tenant_id", "rehang_id"],
        ["tenant_id", "id"],
    )
    op.create_index("ix_sponsor_edge_below", "sponsor_edge", ["tenant_id", "sponsor_id", "partner_id"])
    op.drop_index("ix_sponsor_edge_sponsor", "sponsor_edge")
    op.create_index(
        "ix_sponsor_edge_rehang",
        "sponsor_edge",
        ["tenant_id", "rehang_id"],
        postgresql_where=sa.text("rehang_id is not null"),
    )
    op.create_table(
        "network_run",
        _tenant(),
        _number("ready", None, null=True),
        _number("building", None, null=True),
        sa.Column("stage", sa.Text(), nullable=False, server_default=sa.text("'idle'")),
        _number("place"),
        _number("version"),
        _number("building_version"),
        _moment("read_at", null=True),
        _moment("ready_at", null=True),
        _moment("due_at", null=True),
        _moment("started_at", null=True),
        _moment("rest_until", null=True),
        sa.Column(
            "summary",
            JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_network_run"),
        sa.CheckConstraint(
            "stage in ('idle','walk','own','sum','earn','clean')", name="ck_network_run_stage"
        ),
    )
    sums = ("turnover_30", "commission_30", "turnover", "commission")
    op.create_table(
        "branch",
        _tenant(),
        _number("run", None),
        _number("partner_id", None),
        _number("sponsor_id", None, null=True),
        _number("level", None),
        sa.Column("counts", sa.Boolean(), nullable=False),
        _number("direct"),
        _number("whole"),
        _number("depth"),
        sa.Column(
            "levels",
            sa.ARRAY(sa.BigInteger()),
            server_default=sa.text("'{0,0,0,0,0,0,0,0,0}'"),
            nullable=False,
        ),
        *[_number(name) for name in sums],
        sa.PrimaryKeyConstraint("tenant_id", "run", "partner_id", name="pk_branch"),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index("ix_branch_level", "branch", ["tenant_id", "run", "level"])
    op.create_index("ix_branch_sponsor", "branch", ["tenant_id", "run", "sponsor_id"])
    op.create_table(
        "branch_earning",
        _tenant(),
        _number("run", None),
        _number("earner_id", None),
        _number("partner_id", None),
        *[_number(name) for name in sums],
        sa.PrimaryKeyConstraint("tenant_id", "run", "earner_id", "partner_id", name="pk_branch_earning"),
    )
    op.create_table(
        "grade_cursor",
        _tenant(),
        _number("position"),
        sa.Column("reviewed_on", sa.Date(), nullable=True),
        _number("place"),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_grade_cursor"),
    )
    op.create_table(
        "grade_warning",
        _number("partner_id", None),
        _number("group_id", None),
        sa.Column("falls_on", sa.Date(), nullable=False),
        sa.Column("short", JSONB(), nullable=False),
        _moment("told_at"),
        _moment("closed_at", null=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        _tenant(),
        _id(),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_grade_warning"),
        _to_partner("grade_warning", "partner_id"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "group_id"],
            ["partner_group.tenant_id", "partner_group.id"],
            name="fk_grade_warning_tenant_id_group_id",
        ),
        sa.CheckConstraint("outcome in ('fell','saved','void')", name="ck_grade_warning_outcome"),
    )
    op.create_index(
        "uq_grade_warning_open",
        "grade_warning",
        ["tenant_id", "partner_id"],
        unique=True,
        postgresql_where=sa.text("closed_at is null"),
    )
    op.drop_index("ix_partner_group", "partner")
    op.create_index("ix_partner_group", "partner", ["tenant_id", "group_id", "id"])
    for table in NEW:
        protect(table)
    for table in ("tree_version", "network_run", "rehang"):
        find_work(table, "SELECT")
    # Merchants that are there already get their first roll-up.
    op.execute(
        "INSERT INTO tree_version (tenant_id, version) SELECT DISTINCT tenant_id, 1 FROM partner"
    )


def downgrade() -> None:
    op.drop_index("ix_partner_group", "partner")
    op.create_index("ix_partner_group", "partner", ["tenant_id", "group_id"])
    for table in ("grade_warning", "grade_cursor", "branch_earning", "branch", "network_run"):
        op.drop_table(table)
    op.drop_constraint("fk_sponsor_edge_tenant_id_rehang_id", "sponsor_edge", type_="foreignkey")
    op.drop_index("ix_sponsor_edge_rehang", "sponsor_edge")
    op.drop_index("ix_sponsor_edge_below", "sponsor_edge")
    op.create_index("ix_sponsor_edge_sponsor", "sponsor_edge", ["tenant_id", "sponsor_id"])
    op.drop_column("sponsor_edge", "rehang_id")
    op.drop_table("rehang")
    op.drop_table("tree_version")
