"""Moving in: files of other systems, their rows, and what came of each old id."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.tenancy_ddl import list_rows, protect

revision = "0041"
down_revision = "0034"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)
TABLES = ("import_file", "import_row", "import_origin", "import_mapping")


def _keys() -> tuple[sa.Column[int], sa.Column[int]]:
    return (
        sa.Column("tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
    )


def _key(table: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{table}"))


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=null)


def _number(name: str, *, null: bool = False, default: str | None = None) -> sa.Column[int]:
    known = sa.text(default) if default is not None else None
    return sa.Column(name, sa.BigInteger(), server_default=known, nullable=null)


def _json(name: str, *, null: bool = False, default: str | None = None) -> sa.Column[object]:
    known = sa.text(default) if default is not None else None
    return sa.Column(name, postgresql.JSONB(), server_default=known, nullable=null)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _files()
    _rows()
    _origins()
    for table in TABLES:
        protect(table)
    list_rows("import_origin")  # the nightly checks read all merchants


def _files() -> None:
    op.create_table(
        "import_file",
        *(_text(name) for name in ("public_id", "source", "kind", "name", "encoding")),
        *(_json(name) for name in ("columns", "mapping", "options")),
        _number("total"),
        _number("amount", default="0"),
        sa.Column("created_at", TIME, nullable=False),
        _text("created_by"),
        *_keys(),
        _key("import_file"),
        sa.UniqueConstraint(
            "tenant_id", "public_id", name=op.f("uq_import_file_tenant_id_public_id")
        ),
    )
    op.create_table(
        "import_mapping",
        *(_text(name) for name in ("source", "kind", "heads")),
        *(_json(name) for name in ("mapping", "options")),
        sa.Column("at", TIME, nullable=False),
        *_keys(),
        _key("import_mapping"),
        sa.UniqueConstraint(
            "tenant_id",
            "source",
            "kind",
            "heads",
            name=op.f("uq_import_mapping_tenant_id_source_kind_heads"),
        ),
    )


def _rows() -> None:
    op.create_table(
        "import_row",
        *(_number(name) for name in ("file_id", "number", "place")),
        sa.Column("cells", postgresql.ARRAY(sa.Text()), nullable=False),
        *(_text(name, null=True) for name in ("old_id", "parent", "circle", "verdict")),
        _json("flaws", default="'[]'"),
        _number("amount", null=True),
        *_keys(),
        sa.CheckConstraint(
            "verdict in ('new','changed','same','refused')", name=op.f("ck_import_row_verdict")
        ),
        _key("import_row"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "file_id"],
            ["import_file.tenant_id", "import_file.id"],
            name=op.f("fk_import_row_tenant_id_file_id"),
            ondelete="CASCADE",
        ),
    )
    for name, columns in (
        ("place", ["place"]),
        ("old", ["old_id"]),
        ("verdict", ["verdict", "number"]),
    ):
        op.create_index(f"ix_import_row_{name}", "import_row", ["tenant_id", "file_id", *columns])


def _origins() -> None:
    op.create_table(
        "import_origin",
        *(_text(name) for name in ("source", "kind", "old_id")),
        _number("target_id"),
        _json("given"),
        _number("amount", null=True),
        _number("times", default="1"),
        _number("file_id", null=True),
        _json("prior", null=True),
        sa.Column("made", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("at", TIME, nullable=False),
        *_keys(),
        _key("import_origin"),
        sa.UniqueConstraint(
            "tenant_id",
            "source",
            "kind",
            "old_id",
            name=op.f("uq_import_origin_tenant_id_source_kind_old_id"),
        ),
    )
    op.create_index("ix_import_origin_target", "import_origin", ["tenant_id", "kind", "target_id"])
    op.create_index("ix_import_origin_file", "import_origin", ["tenant_id", "file_id", "id"])


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
