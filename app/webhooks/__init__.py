"""Outgoing webhooks: what happened here, told to the shop's servers."""
