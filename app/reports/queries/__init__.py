"""Figures over all slices: the overview, campaigns, customers, and whose rates explanations name."""

from app.reports.queries.activity import Happened, Place, activity_of, places
from app.reports.queries.customers import (
    CustomerSums,
    brought,
    claims_of,
    commission_by_level,
    customer_sums,
    orders_of,
)
from app.reports.queries.figures import (
    STEPS,
    CampaignReport,
    Liability,
    Overview,
    Top,
    Waiting,
    campaign_report,
    first_steps,
    liability,
    overview,
    top_partners,
    waiting,
)
from app.reports.queries.partners import Subject, lost_claims, next_free, subjects
from app.reports.queries.products import Pays, pays_now
from app.reports.queries.sources import sources

__all__ = [
    "STEPS",
    "CampaignReport",
    "CustomerSums",
    "Happened",
    "Liability",
    "Overview",
    "Pays",
    "Place",
    "Subject",
    "Top",
    "Waiting",
    "activity_of",
    "brought",
    "campaign_report",
    "claims_of",
    "commission_by_level",
    "customer_sums",
    "first_steps",
    "liability",
    "lost_claims",
    "next_free",
    "orders_of",
    "overview",
    "pays_now",
    "places",
    "sources",
    "subjects",
    "top_partners",
    "waiting",
]
