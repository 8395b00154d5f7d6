"""Drafts of rules tried on what happened: the merchant's own orders and events of the last 90 days."""
