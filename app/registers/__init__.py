"""Registers of payouts for the bank, and the bank's answers loaded back."""
