"""Pictures and a shop for the tests of materials."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from app.catalog import service as catalog
from app.creatives import service
from app.creatives.models import Creative
from app.creatives.rules import Kind
from app.extensions import db
from app.identity import service as identity
from app.partners import service as partners
from tests.world import PASSWORD, sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"}


def picture(
    kind: str = "PNG", size: tuple[int, int] = (300, 250), frames: int = 1, **more: Any
) -> bytes:
    """Return a picture as a camera or a designer makes it."""
    each = [Image.new("RGB", size, (40 * n % 255, 90, 160)) for n in range(frames)]
    out = BytesIO()
    film = {"save_all": True, "append_images": each[1:], "duration": 80} if frames > 1 else {}
    each[0].save(out, kind, **film, **more)
    return out.getvalue()


@pytest.fixture
def anna(app: App, client: FlaskClient, lampa: Merchant) -> str:
    """Anna is a partner of Lampa; a lamp is in the catalogue."""
    email = f"anna@{lampa.slug}.example"
    with app.app_context():
        with lampa.scope():
            new = partners.NewPartner(name="Anna", refcode="anna", email=email, codes=("ANNA10",))
            partners.create(new)
            identity.change_password(identity.ensure_person(email, "Anna"), PASSWORD)
            page = f"https://{lampa.slug}.example/lamps/green"
            catalog.put_product(lampa.shop_id, "lamp-1", name="Green lamp", url=page)
        db.session.commit()
    return email


@pytest.fixture
def partner(app: App, anna: str) -> FlaskClient:
    """Anna's browser, signed in."""
    return sign_in(app.test_client(), anna)


@pytest.fixture
def manager(app: App, client: FlaskClient, lampa: Merchant) -> FlaskClient:
    """The manager's browser, signed in."""
    return sign_in(app.test_client(), lampa.staff["manager"])


def make(app: App, merchant: Merchant, kind: Kind = Kind.BANNER, **said: Any) -> Creative:
    """Make a creative and commit it."""
    if kind is Kind.BANNER:
        said = {"file": picture(), "filename": "Sale.png"} | said
    with app.app_context():
        with merchant.scope():
            made = service.create(kind, service.Said(**said))
            db.session.refresh(made)
            db.session.expunge(made)
        db.session.commit()
    return made
