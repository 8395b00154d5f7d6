"""What an order is worth: messages, the latest word, refunds and bases. Pure.

message: one snapshot of a shop and its key; checks: what is refused or clamped; fold: the order as
it now stands, from messages in any order; base: what is left to earn from after refunds; card: whose
word on the partner holds.
"""

from app.orders.rules.base import (
    SHIPPING_LINE,
    BaseRule,
    LineBase,
    Refunded,
    bases,
    refunded,
)
from app.orders.rules.card import StaffWord, partner_data
from app.orders.rules.checks import Problem, clamp_refunds, problems
from app.orders.rules.fold import (
    Evidence,
    Folded,
    LineFacts,
    absorb,
    folded_from_json,
    folded_to_json,
    mark_deleted,
)
from app.orders.rules.keeping import is_id, unkeepable
from app.orders.rules.message import (
    Customer,
    Line,
    Message,
    MessageKey,
    PartnerData,
    Refund,
    RefundLine,
    Snapshot,
    State,
    body_hash,
    goods_total,
    key_from_json,
    line_value,
    order_total,
    parse_quantity,
    refund_line_value,
    snapshot_from_json,
    snapshot_to_json,
)

__all__ = [
    "SHIPPING_LINE",
    "BaseRule",
    "Customer",
    "Evidence",
    "Folded",
    "Line",
    "LineBase",
    "LineFacts",
    "Message",
    "MessageKey",
    "PartnerData",
    "Problem",
    "Refund",
    "RefundLine",
    "Refunded",
    "Snapshot",
    "StaffWord",
    "State",
    "absorb",
    "bases",
    "body_hash",
    "clamp_refunds",
    "folded_from_json",
    "folded_to_json",
    "goods_total",
    "is_id",
    "key_from_json",
    "line_value",
    "mark_deleted",
    "order_total",
    "parse_quantity",
    "partner_data",
    "problems",
    "refund_line_value",
    "refunded",
    "snapshot_from_json",
    "snapshot_to_json",
    "unkeepable",
]
