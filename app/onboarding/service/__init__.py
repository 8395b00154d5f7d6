"""Accounts of merchants: asked for, confirmed, opened; codes by which plugins get their keys; first steps."""

from app.onboarding.service.codes import NewCode, draw, install, withdraw
from app.onboarding.service.merchants import NewMerchant, create_merchant, slug_words
from app.onboarding.service.signups import (
    approve,
    ask,
    confirm,
    forget_unconfirmed,
    of_link,
    refuse,
    set_policy,
)
from app.onboarding.service.steps import dismiss, show_again, stand_at

__all__ = [
    "NewCode",
    "NewMerchant",
    "approve",
    "ask",
    "confirm",
    "create_merchant",
    "dismiss",
    "draw",
    "forget_unconfirmed",
    "install",
    "of_link",
    "refuse",
    "set_policy",
    "show_again",
    "slug_words",
    "stand_at",
    "withdraw",
]
