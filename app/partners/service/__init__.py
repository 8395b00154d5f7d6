"""Verbs on partners: coming in, codes, sponsors, states."""

from __future__ import annotations

from app.partners.service.codes import (
    add_code,
    code_words,
    lead_to_terms,
    lock_partners,
    rename_refcode,
    retire_code,
    set_promo_codes,
    touch_tree,
)
from app.partners.service.entering import (
    Application,
    NewPartner,
    change,
    check_contact,
    check_open,
    check_terms,
    create,
    enter,
    find_sponsor,
    joined_terms,
    register,
)
from app.partners.service.removing import go_on, remove_with, restore
from app.partners.service.scopes import read_scopes, written_scopes
from app.partners.service.sponsors import (
    check_sponsor,
    day_before,
    day_start,
    end_commissions,
    last_day,
    set_sponsor,
)
from app.partners.service.states import (
    act,
    approve,
    block,
    reject,
    remove,
    reopen,
    resend_welcome,
    unblock,
)

__all__ = [
    "Application",
    "NewPartner",
    "act",
    "add_code",
    "approve",
    "block",
    "change",
    "check_contact",
    "check_open",
    "check_sponsor",
    "check_terms",
    "code_words",
    "create",
    "day_before",
    "day_start",
    "end_commissions",
    "enter",
    "find_sponsor",
    "go_on",
    "joined_terms",
    "last_day",
    "lead_to_terms",
    "lock_partners",
    "read_scopes",
    "register",
    "reject",
    "remove",
    "remove_with",
    "rename_refcode",
    "reopen",
    "resend_welcome",
    "restore",
    "retire_code",
    "set_promo_codes",
    "set_sponsor",
    "touch_tree",
    "unblock",
    "written_scopes",
]
