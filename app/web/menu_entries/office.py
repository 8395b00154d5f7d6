"""What stands in the menu of the back office."""

from __future__ import annotations

from flask_babel import lazy_gettext

from app.web.menu_entries.entry import Entry, pages

OFFICE: tuple[Entry, ...] = (
    Entry(lazy_gettext("Overview"), "layout-dashboard", "office.reports.index"),
    Entry(
        lazy_gettext("Sales"),
        "shopping-cart",
        entries=(
            Entry(
                lazy_gettext("Till"),
                endpoint="office.tills.index",
                below=pages("office.tills", "sale receipt"),
            ),
            Entry(lazy_gettext("Orders"), endpoint="office.orders.index"),
            Entry(lazy_gettext("Deals"), endpoint="office.commissions.deal_list"),
            Entry(lazy_gettext("Products"), endpoint="office.catalog.index"),
            Entry(lazy_gettext("Customers"), endpoint="office.members.index"),
            Entry(lazy_gettext("Simulator"), endpoint="office.simulator.index"),
        ),
    ),
    Entry(
        lazy_gettext("Partners"),
        "users",
        entries=(
            Entry(
                lazy_gettext("All partners"),
                endpoint="office.partners.index",
                below=(
                    *pages("office.participation", "card change_answers overrule"),
                    *pages("office.trust", "blocking block"),
                ),
            ),
            Entry(lazy_gettext("Network"), endpoint="office.network.index"),
            Entry(
                lazy_gettext("Groups"),
                endpoint="office.programs.groups",
                below=pages("office.programs", "new_group create_group edit_group change_group"),
            ),
            Entry(
                lazy_gettext("Applications"),
                endpoint="office.partners.applications",
                below=pages("office.participation", "turned_away"),
            ),
            Entry(lazy_gettext("Registration"), endpoint="office.participation.index"),
            Entry(lazy_gettext("Invitations"), endpoint="office.invitations.index"),
            Entry(
                lazy_gettext("Partners' questions"),
                endpoint="office.help.questions",
                below=pages("office.help", "question answer"),
            ),
            Entry(lazy_gettext("Codes"), endpoint="office.codes.index"),
            Entry(lazy_gettext("First-order coupons"), endpoint="office.coupons.index"),
            Entry(lazy_gettext("Coupons of rules"), endpoint="office.coupons.kinds"),
            Entry(
                lazy_gettext("Customers to partners"),
                endpoint="office.participation.customers",
                below=pages("office.participation", "look conversion"),
            ),
        ),
    ),
    Entry(
        lazy_gettext("Trust"),
        "shield-check",
        entries=(
            Entry(lazy_gettext("Fraud desk"), endpoint="office.trust.index"),
            Entry(
                lazy_gettext("Disputes"),
                endpoint="office.trust.disputes",
                below=pages("office.trust", "dispute foresee"),
            ),
            Entry(lazy_gettext("Signs of fraud"), endpoint="office.trust.policy"),
        ),
    ),
    Entry(
        lazy_gettext("Accruals"),
        "coins",
        entries=(
            Entry(lazy_gettext("By partner"), endpoint="office.wallet.index"),
            Entry(lazy_gettext("By sale"), endpoint="office.commissions.index"),
            Entry(lazy_gettext("By hand"), endpoint="office.adjustments.index"),
            Entry(lazy_gettext("What you owe"), endpoint="office.liability.index"),
            Entry(lazy_gettext("Money calendar"), endpoint="office.calendars.index"),
        ),
    ),
    Entry(
        lazy_gettext("Bonuses"),
        "coin",
        entries=(
            Entry(
                lazy_gettext("Balances"),
                endpoint="office.bonuses.index",
                below=pages("office.bonuses", "account enter undo"),
            ),
            Entry(lazy_gettext("Transactions"), endpoint="office.bonuses.transactions"),
            Entry(
                lazy_gettext("For many at once"),
                endpoint="office.bonuses.masses",
                below=pages("office.bonuses", "look mass people act"),
            ),
            Entry(lazy_gettext("Withdrawals"), endpoint="office.withdrawals.index"),
            Entry(
                lazy_gettext("Loyalty cards"),
                endpoint="office.cards.index",
                below=pages("office.cards", "show bind"),
            ),
            Entry(lazy_gettext("In the shop"), endpoint="office.widget.index"),
            Entry(lazy_gettext("Widget's look"), endpoint="office.widget.look"),
            Entry(
                lazy_gettext("Discount in the cart"),
                endpoint="office.carts.index",
                below=pages("office.carts", "save try_out bring drop_codes"),
            ),
            Entry(lazy_gettext("Rules of bonuses"), endpoint="office.profiles.index"),
            Entry(
                lazy_gettext("Ranks and awards"),
                endpoint="office.ranks.index",
                below=pages(
                    "office.ranks",
                    "create_rank edit_rank rename_rank remove_rank change_rung drop_rung preview_rung"
                    " give_rate move give change_plan create_award award rename_award grant"
                    " remove_award achievements create_achievement achievement change_achievement",
                ),
            ),
            Entry(
                lazy_gettext("Rights holders"),
                endpoint="office.ranks.rights",
                below=pages("office.ranks", "give_rights end_rights"),
            ),
            Entry(
                lazy_gettext("Program"),
                endpoint="office.bonuses.program",
                below=pages("office.bonuses", "save example"),
            ),
        ),
    ),
    Entry(
        lazy_gettext("Payouts"),
        "cash",
        entries=(
            Entry(
                lazy_gettext("Payouts"),
                endpoint="office.payouts.index",
                below=pages("office.registers", "new make"),
            ),
            Entry(lazy_gettext("Pay runs"), endpoint="office.payruns.index"),
            Entry(lazy_gettext("Bank statements"), endpoint="office.registers.index"),
            Entry(
                lazy_gettext("Automatic payouts"),
                endpoint="office.settlement.index",
                below=pages("office.settlement", "settings save"),
            ),
            Entry(lazy_gettext("Prepaid balance"), endpoint="office.billing.index"),
        ),
    ),
    Entry(
        lazy_gettext("Accounts"),
        "file-text",
        entries=(
            Entry(lazy_gettext("Statements"), endpoint="office.statements.index"),
            Entry(lazy_gettext("Documents"), endpoint="office.documents.index"),
            Entry(lazy_gettext("Receipts and contracts"), endpoint="office.papers.index"),
            Entry(lazy_gettext("Tax withheld"), endpoint="office.papers.withheld"),
            Entry(lazy_gettext("Months"), endpoint="office.periods.index"),
            Entry(lazy_gettext("Legal details"), endpoint="office.requisites.legal"),
        ),
    ),
    Entry(
        lazy_gettext("Materials"),
        "photo",
        entries=(
            Entry(lazy_gettext("Materials"), endpoint="office.creatives.index"),
            Entry(lazy_gettext("Links"), endpoint="office.links.index"),
            Entry(lazy_gettext("Sites"), endpoint="office.verified_sites.index"),
            Entry(
                lazy_gettext("Advertising tokens"),
                endpoint="office.tokens.index",
            ),
        ),
    ),
    Entry(
        lazy_gettext("Messages"),
        "mail",
        entries=(
            Entry(lazy_gettext("What was sent"), endpoint="office.notifications.index"),
            Entry(lazy_gettext("Mailings"), endpoint="office.mailings.index"),
            Entry(lazy_gettext("Texts for customers"), endpoint="office.wordings.index"),
            Entry(lazy_gettext("Monthly digest"), endpoint="office.digests.index"),
            Entry(lazy_gettext("SMS"), endpoint="office.sms.index"),
            Entry(lazy_gettext("Telegram"), endpoint="office.telegram.index"),
        ),
    ),
    Entry(
        lazy_gettext("Reports"),
        "chart-bar",
        entries=(
            Entry(lazy_gettext("Statistics"), endpoint="office.statistics.index"),
            Entry(lazy_gettext("Payout statistics"), endpoint="office.wallet.statistics"),
            Entry(lazy_gettext("Margin guard"), endpoint="office.margins.index"),
            Entry(lazy_gettext("Shadow month"), endpoint="office.shadow.index"),
            Entry(lazy_gettext("Activity"), endpoint="office.reports.activity"),
            Entry(lazy_gettext("Exports"), endpoint="office.lists.exports"),
            Entry(lazy_gettext("Proof of the records"), endpoint="office.proofs.index"),
        ),
    ),
    Entry(
        lazy_gettext("Test mode"),
        "test-pipe",
        entries=(
            Entry(
                lazy_gettext("Test sale"),
                endpoint="office.twin.sales",
                test=True,
                below=pages("office", "twin.sale twin.sell"),
            ),
            Entry(
                lazy_gettext("Clock"),
                endpoint="office.twin.look",
                test=True,
                below=pages("office", "twin.move"),
            ),
            Entry(
                lazy_gettext("Mailbox"),
                endpoint="office.twin.mailbox",
                test=True,
                below=pages("office", "twin.letter"),
            ),
        ),
    ),
    Entry(
        lazy_gettext("Settings"),
        "settings",
        entries=(
            Entry(lazy_gettext("Brand"), endpoint="office.tenants.brand"),
            Entry(lazy_gettext("Shops"), endpoint="office.tenants.shops"),
            Entry(
                lazy_gettext("Terms"),
                endpoint="office.programs.index",
                below=pages(
                    "office.reruns", "draft new_draft make_draft change_draft tried publish"
                ),
            ),
            Entry(
                lazy_gettext("Campaigns"),
                endpoint="office.programs.campaigns",
                below=pages(
                    "office.programs", "campaign new_campaign create_campaign change_campaign"
                ),
            ),
            Entry(lazy_gettext("What earns"), endpoint="office.tenants.earning"),
            Entry(lazy_gettext("Caps"), endpoint="office.tenants.caps"),
            Entry(lazy_gettext("Recalculations"), endpoint="office.reruns.index"),
            Entry(lazy_gettext("Attribution"), endpoint="office.tenants.attribution"),
            Entry(lazy_gettext("Payout rules"), endpoint="office.tenants.payouts"),
            Entry(lazy_gettext("Counters"), endpoint="office.attribution.snippet"),
            Entry(lazy_gettext("Connections"), endpoint="office.intake.index"),
            Entry(
                lazy_gettext("Moving in"),
                endpoint="office.imports.index",
                below=pages("office.imports", "columns show rows control"),
            ),
            Entry(lazy_gettext("Team"), endpoint="office.identity.team"),
            Entry(
                lazy_gettext("Tills"),
                endpoint="office.tills.places",
                below=pages("office.tills", "new make place change"),
            ),
            Entry(lazy_gettext("Keys"), endpoint="office.tenants.keys"),
            Entry(
                lazy_gettext("For developers"),
                endpoint="office.calls.index",
                below=pages("office.calls", "try_out show again"),
            ),
            Entry(
                lazy_gettext("Webhooks"),
                endpoint="office.webhooks.index",
                below=pages("office.webhooks", "create show change rotate message"),
            ),
            Entry(
                lazy_gettext("Plan"),
                endpoint="office.tariffs.index",
                below=pages("office.tariffs", "show"),
            ),
        ),
    ),
    Entry(lazy_gettext("Help"), "help-circle", "office.help.index"),
)
