"""Every table, in one import: for migrations and for the house tests."""

from __future__ import annotations

import app.adjustments.models
import app.attribution.models
import app.billing.models
import app.bonuses.models
import app.calendars.models
import app.carts.models
import app.catalog.models
import app.checkout.models
import app.commissions.models
import app.conversions.models
import app.creatives.models
import app.digests.models
import app.documents.models
import app.earnings.models
import app.events.models
import app.facts.models
import app.feeds.models
import app.fraud.models
import app.grades.models
import app.help.models
import app.identity.models
import app.imports.models
import app.intake.models
import app.invitations.models
import app.ledger.models
import app.links.models
import app.lists.models
import app.mailings.models
import app.members.models
import app.network.models
import app.notifications.models
import app.orders.models
import app.papers.models
import app.participation.models
import app.partner_keys.models
import app.partners.models
import app.passes.models
import app.payouts.models
import app.payruns.models
import app.periods.models
import app.postbacks.models
import app.programs.models
import app.proofs.models
import app.registers.models
import app.runs.models
import app.settlement.models
import app.sms.models
import app.statistics.models
import app.telegram.models
import app.tenants.models
import app.trust.models
import app.verified_sites.models
import app.widget.models  # noqa: F401
