"""What stands in the menus of the cabinet and of the platform."""

from __future__ import annotations

from flask_babel import lazy_gettext

from app.web.menu_entries.entry import Entry, pages

CABINET: tuple[Entry, ...] = (
    Entry(lazy_gettext("Home"), "home", "cabinet.partners.index"),
    Entry(lazy_gettext("Products"), "box", "cabinet.catalog.index"),
    Entry(
        lazy_gettext("Links and materials"),
        "link",
        entries=(
            Entry(
                lazy_gettext("Links"),
                endpoint="cabinet.links.index",
                below=pages("cabinet", "verified_sites.index postbacks.index partner_keys.index"),
            ),
            Entry(lazy_gettext("Codes"), endpoint="cabinet.codes.index"),
            Entry(lazy_gettext("Materials"), endpoint="cabinet.creatives.index"),
        ),
    ),
    Entry(
        lazy_gettext("Sales and accruals"),
        "coins",
        entries=(
            Entry(lazy_gettext("Sales and accruals"), endpoint="cabinet.commissions.index"),
            Entry(lazy_gettext("Statistics"), endpoint="cabinet.statistics.index"),
            Entry(lazy_gettext("My sale is missing"), endpoint="cabinet.trust.index"),
        ),
    ),
    Entry(lazy_gettext("Network"), "sitemap", "cabinet.network.index"),
    Entry(
        lazy_gettext("Payouts"),
        "cash",
        entries=(
            Entry(
                lazy_gettext("Payouts"),
                endpoint="cabinet.payouts.index",
                below=pages("cabinet.conversions", "index"),
            ),
            Entry(
                lazy_gettext("Payment details"),
                endpoint="cabinet.payouts.details",
                below=pages("cabinet.payouts", "change_details take_back_details"),
            ),
            Entry(lazy_gettext("Money calendar"), endpoint="cabinet.calendars.index"),
        ),
    ),
    Entry(
        lazy_gettext("Account"),
        "scale",
        entries=(
            Entry(
                lazy_gettext("Account"),
                endpoint="cabinet.ledger.index",
                below=pages("cabinet.proofs", "index statement"),
            ),
            Entry(lazy_gettext("Statement"), endpoint="cabinet.statements.index"),
            Entry(lazy_gettext("Documents"), endpoint="cabinet.documents.index"),
        ),
    ),
    Entry(
        lazy_gettext("Bonuses"),
        "coin",
        entries=(
            Entry(lazy_gettext("My bonuses"), endpoint="cabinet.bonuses.index"),
            Entry(lazy_gettext("Money and bonuses"), endpoint="cabinet.conversions.index"),
            Entry(lazy_gettext("Bonuses as money"), endpoint="cabinet.withdrawals.index"),
            Entry(lazy_gettext("Sales of my goods"), endpoint="cabinet.ranks.index"),
        ),
    ),
    Entry(
        lazy_gettext("Settings"),
        "settings",
        "cabinet.partners.settings",
        below=pages("cabinet.telegram", "index"),
    ),
    Entry(lazy_gettext("Help"), "message-circle", "cabinet.help.index"),
)

PLATFORM: tuple[Entry, ...] = (
    Entry(lazy_gettext("Merchants"), "building-store", "platform.tenants.index"),
    Entry(lazy_gettext("Payouts"), "cash", "platform.settlement.index"),
    Entry(
        lazy_gettext("Top-ups"),
        "receipt",
        "platform.billing.index",
        below=pages("platform.billing", "show receive"),
    ),
    Entry(
        lazy_gettext("Settlement"),
        "settings",
        "platform.billing.settings",
        below=pages("platform.billing", "save_requisites save_rate channel"),
    ),
    Entry(lazy_gettext("Plans"), "tags", "platform.tariffs.index"),
    Entry(lazy_gettext("Sign-ups"), "user-plus", "platform.onboarding.index"),
    Entry(lazy_gettext("Help"), "help-circle", "platform.help.index"),
    Entry(lazy_gettext("Messages"), "mail", "platform.notifications.index"),
)
