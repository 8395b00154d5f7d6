from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.extensions import db
from app.tenancy import PLATFORM, tenant_scope
from app.tenants import service as tenants
from tests.api_contract.fuzz import run
from tests.api_contract.story import tell

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

# A search that never met these has not been where things happen.
MET = {200, 201, 400, 401, 404, 405, 409, 415, 422}


def search(
    app: App, client: FlaskClient, server: str, lampa: Merchant, examples: int
) -> tuple[list[str], set[int], int]:
    story = tell(app, client, lampa)
    with app.app_context(), tenant_scope(PLATFORM):
        platform = tenants.make_key(None, "fuzz", ["platform"], "platform").secret
        db.session.commit()
    keys = {"": lampa.api_key, "/merchants$": platform, "/partner/": story.partner_key}
    found = run(server, keys, story.ids, examples)
    return found.failures + found.errors, set(found.statuses), len(found.calls)


def test_nothing_is_found_in_a_short_search(
    app: App, client: FlaskClient, live_server: str, lampa: Merchant
) -> None:
    failures, statuses, calls = search(app, client, live_server, lampa, 3)
    assert not failures, "\n\n".join(failures[:10])
    assert statuses >= MET
    assert calls > 80


@pytest.mark.long
def test_nothing_is_found_in_a_long_search(
    app: App, client: FlaskClient, live_server: str, lampa: Merchant
) -> None:
    failures, _statuses, _calls = search(app, client, live_server, lampa, 150)
    assert not failures, "\n\n".join(failures[:10])
