"""Everything the worker can be asked to do. Arguments are ids; rows are the truth.

A job runs in an app context of its own; each piece of its work is one transaction in one tenant's
scope, so a job killed anywhere leaves nothing half done, and a job run twice does no harm. No job
carries one click or one order: jobs say "there is work", and find it.
"""

from __future__ import annotations

from app.jobs.bonuses import (
    ask_after,
    birthdays,
    check_ranks,
    convert_money,
    keep_bonuses,
    rank,
    warn_of_lapse,
)
from app.jobs.books import check_books, seal_books
from app.jobs.feeds import fetch_feeds
from app.jobs.figures import refresh_statistics, verify_statistics
from app.jobs.joining import convert
from app.jobs.long_work import sweep_runs, work_runs
from app.jobs.messages import drain, send_message, sweep
from app.jobs.orders import drain_inbox, mature
from app.jobs.postbacks import send_postbacks
from app.jobs.reminders import remind
from app.jobs.settling import keep_tariffs, settle, sound_alarms
from app.jobs.shops import keep_carts, run_errands, sweep_shops
from app.jobs.sites import check_sites, watch_sites
from app.jobs.telling import ask_bots, digest, go_on_mailings, send_invitations
from app.jobs.tree import grade, refresh_networks, rehang
from app.jobs.upkeep import keep_calls, partitions, pay_runs, prune, snapshots
from app.jobs.webhooks import send_webhooks
from app.jobs.work import at_work, batched, in_transaction

__all__ = [
    "ask_after",
    "ask_bots",
    "at_work",
    "batched",
    "birthdays",
    "check_books",
    "check_ranks",
    "check_sites",
    "convert",
    "convert_money",
    "digest",
    "drain",
    "drain_inbox",
    "fetch_feeds",
    "go_on_mailings",
    "grade",
    "in_transaction",
    "keep_bonuses",
    "keep_calls",
    "keep_carts",
    "keep_tariffs",
    "mature",
    "partitions",
    "pay_runs",
    "prune",
    "rank",
    "refresh_networks",
    "refresh_statistics",
    "rehang",
    "remind",
    "run_errands",
    "seal_books",
    "send_invitations",
    "send_message",
    "send_postbacks",
    "send_webhooks",
    "settle",
    "snapshots",
    "sound_alarms",
    "sweep",
    "sweep_runs",
    "sweep_shops",
    "verify_statistics",
    "warn_of_lapse",
    "watch_sites",
    "work_runs",
]
