"""How long hypothesis searches: a moment in every run, minutes in a campaign (`bin/test --all`)."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# No deadline and no complaint about slowness: a busy machine is slow, not wrong. Fixtures that all
# examples share are meant: each example undoes what it did.
settings.register_profile(
    "house",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("house")
CAMPAIGN = settings(settings.get_profile("house"), max_examples=500)
settings.register_profile("campaign", CAMPAIGN)
