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
)
from app.partners.service.entering import (
    Application,
    NewPartner,
    change,
    create,
    find_sponsor,
    joined_terms,
    register,
)
from app.partners.service.scopes import read_scopes, written_scopes
from app.partners.service.sponsors import day_start, last_day, set_sponsor
from app.partners.service.states import (
    act,
    approve,
    block,
    reject,
    remove,
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
    "code_words",
    "create",
    "day_start",
    "find_sponsor",
    "joined_terms",
    "last_day",
    "lead_to_terms",
    "lock_partners",
    "read_scopes",
    "register",
    "reject",
    "remove",
    "rename_refcode",
    "resend_welcome",
    "retire_code",
    "set_promo_codes",
    "set_sponsor",
    "unblock",
    "written_scopes",
]
