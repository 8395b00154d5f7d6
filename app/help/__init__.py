"""Questions to those who can help: a partner's to the merchant's staff, staff's to the platform."""
