"""A merchant with an SMS service on loopback, and a partner who wants SMS."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app import jobs
from app.notifications import service as notifications
from app.partners import queries as partners
from app.partners import service as partner_service
from app.sms import service
from app.sms.rules import HttpTemplate
from app.sms.service import Caps
from tests.notifications import scene

if TYPE_CHECKING:
    from app.application import App
    from tests.harness.peer import Peer
    from tests.world import Merchant


def open_to(app: App, *places: str) -> Any:
    """Let the installation reach these places inside, as EGRESS_ALLOW does; returns what was before."""
    before = app.extensions["partnerka"]
    app.extensions["partnerka"] = replace(before, egress_allow=places)
    return before


AWAKE = {"quiet_from": 0, "quiet_until": 0}  # whatever o'clock the tests run


def set_up(merchant: Merchant, peer: Peer, **caps: Any) -> None:
    """Send SMS through the peer."""
    template = HttpTemplate(
        url=f"{peer.url}/send",
        body="to={digits}&text={text}&id={id}",
        good="OK",
        header="Bearer word",
    )
    jobs.in_transaction(lambda: service.set_up(template, Caps(**(AWAKE | caps))), merchant.id)
    switches = {"sms:commission.accrued": True}
    jobs.in_transaction(lambda: notifications.switch(switches), merchant.id)


def texted_partner(merchant: Merchant, phone: str = "+79161234567") -> int:
    """Make a partner who wants to be told of sales by SMS."""
    partner_id = scene.make_partner(merchant, phone=phone)

    def act() -> None:
        partner = partners.by_id(partner_id)
        assert partner is not None
        partner_service.change(partner, texted=["commission.accrued"])

    jobs.in_transaction(act, merchant.id)
    return partner_id
