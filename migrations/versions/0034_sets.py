"""What work in sets needs: smaller indexes of transfers, and no statistics that mislead."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0042"

# Each with the rows it serves. A line of a run is looked up by its partner: of a run that has just begun
# no statistics know, and then the planner takes whichever index begins with the run and reads all of it.
# `amount >= 0` is true of every line; whoever lists them says so, and a look-up does not.
PARTIAL = {
    "ix_transfer_order": ("transfer", ["tenant_id", "order_id"], "order_id is not null"),
    "ix_transfer_partner": ("transfer", ["tenant_id", "partner_id", "id"], "partner_id is not null"),
    "ix_pay_line_reason": ("pay_line", ["tenant_id", "run_id", "reason", "id"], "amount >= 0"),
    "ix_pay_line_amount": ("pay_line", ["tenant_id", "run_id", "amount", "id"], "amount >= 0"),
}
# What a lapse writes by the thousand is asked of nightly instead (app/ledger/checks.py).
PARTS = {"fk_lot_part_tenant_id_lot_id": "lot", "fk_lot_part_tenant_id_member_id": "member"}
PAYOUT = "uq_pay_line_tenant_id_run_id_payout_id"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name, (table, columns, where) in PARTIAL.items():
        op.drop_index(name, table_name=table)
        op.create_index(name, table, columns, postgresql_where=sa.text(where))
    for name in PARTS:
        op.drop_constraint(name, "lot_part")
    op.execute("CREATE POLICY list ON member FOR SELECT TO partnerka_list USING (true)")
    op.execute("GRANT SELECT (tenant_id, id) ON member TO partnerka_list")  # and nothing of the person
    op.drop_constraint(PAYOUT, "pay_line")
    op.create_index(
        "uq_pay_line_payout",
        "pay_line",
        ["tenant_id", "run_id", "payout_id"],
        unique=True,
        postgresql_where=sa.text("payout_id is not null"),
    )


def downgrade() -> None:
    op.execute("REVOKE SELECT (tenant_id, id) ON member FROM partnerka_list")
    op.execute("DROP POLICY list ON member")
    for name, table in PARTS.items():
        columns = ["tenant_id", f"{table}_id"]
        op.create_foreign_key(name, "lot_part", table, columns, ["tenant_id", "id"])
    op.drop_index("uq_pay_line_payout", table_name="pay_line")
    op.create_unique_constraint(PAYOUT, "pay_line", ["tenant_id", "run_id", "payout_id"])
    for name, (table, columns, _where) in PARTIAL.items():
        op.drop_index(name, table_name=table)
        op.create_index(name, table, columns)
