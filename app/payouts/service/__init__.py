"""What can be done with payouts: ask, decide, pay, give back; the money moves with the state.

Every verb locks the partner's balances first and the payout after, changes the state by an UPDATE
conditional on the old one, and refuses with 409 what has been done before: twice does no harm.
"""

from __future__ import annotations

from app.payouts.service.consenting import alone_today, consent_to, in_turn
from app.payouts.service.decisions import approve, cancel, charge, fail, lose, pay, reject, send
from app.payouts.service.details import (
    allow_changes,
    codes_in_force,
    copied,
    copied_all,
    disown_change,
    in_force,
    is_pending,
    kept,
    remember_details,
    set_details,
    show,
    show_all,
    take_back_change,
)
from app.payouts.service.details import of as details_of
from app.payouts.service.gate import (
    blocked,
    frozen,
    kept_back,
    lacking,
    own_among,
    own_of,
    refuse_own,
    refuse_own_among,
)
from app.payouts.service.mass import (
    Wish,
    approve_all,
    hold,
    partners_of,
    pay_all,
    refusals,
    reserve_all,
    reserve_from,
    return_all,
    send_all,
    stopped,
)
from app.payouts.service.methods import change_method, create_method, restore_method, retire_method
from app.payouts.service.requests import (
    Funded,
    find_partner,
    open_funded,
    record,
    record_paid,
    request,
    request_for,
)

__all__ = [
    "Funded",
    "Wish",
    "allow_changes",
    "alone_today",
    "approve",
    "approve_all",
    "blocked",
    "cancel",
    "change_method",
    "charge",
    "codes_in_force",
    "consent_to",
    "copied",
    "copied_all",
    "create_method",
    "details_of",
    "disown_change",
    "fail",
    "find_partner",
    "frozen",
    "hold",
    "in_force",
    "in_turn",
    "is_pending",
    "kept",
    "kept_back",
    "lacking",
    "lose",
    "open_funded",
    "own_among",
    "own_of",
    "partners_of",
    "pay",
    "pay_all",
    "record",
    "record_paid",
    "refusals",
    "refuse_own",
    "refuse_own_among",
    "reject",
    "remember_details",
    "request",
    "request_for",
    "reserve_all",
    "reserve_from",
    "restore_method",
    "retire_method",
    "return_all",
    "send",
    "send_all",
    "set_details",
    "show",
    "show_all",
    "stopped",
    "take_back_change",
]
