"""The engines of each worker, its database, and the world outside: mail, browser, web server."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from app import create_app
from app.config import Config
from app.dev.catalogs import compile_catalogs
from app.dev.database import with_database
from app.extensions import db
from tests.harness import browser as chromium
from tests.harness import invariants, profiles  # noqa: F401 - how long hypothesis searches
from tests.harness.emptying import House
from tests.harness.engines import SECRET, Addresses, Engines, worker_database
from tests.harness.live import Web, worker
from tests.harness.mailbox import Mailbox
from tests.harness.wire import Wire
from tests.house.tree import ROOT
from tests.world import kniga, lampa, world  # noqa: F401 - fixtures for everybody

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient
    from playwright.sync_api import Browser, BrowserContext, Page
    from sqlalchemy.orm import scoped_session

    from app.application import App
    from app.dev.database import Addresses as Database

# A busy machine is slow, not wrong: patience costs nothing when all is well.
PATIENCE = 180_000
expect.set_options(timeout=PATIENCE)
ENGINES = pytest.StashKey[list[Engines]]()
HOUSE = pytest.StashKey[House]()


def pytest_configure() -> None:
    """A fresh clone has its translations as text only: no test is to depend on who compiled them."""
    compile_catalogs(ROOT / "translations")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """In the controller, before each worker starts: its own engines, of which it gets the addresses.

    Two workers on one PostgreSQL would hold each other up: what follows the entries of transactions waits for
    all that began before them, also in another database.
    """
    node.workerinput["engines"] = _started(node.config).addresses.packed()


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what this process started."""
    for engines in config.stash.get(ENGINES, []):
        engines.stop()


def _started(config: pytest.Config) -> Engines:
    made = Engines()
    config.stash.setdefault(ENGINES, []).append(made)
    return made


@pytest.fixture(scope="session")
def engines(request: pytest.FixtureRequest) -> Addresses:
    """Where PostgreSQL (as superuser) and Redis are."""
    given = getattr(request.config, "workerinput", None)
    return Addresses(**given["engines"]) if given else _started(request.config).addresses


@pytest.fixture(scope="session")
def worker_name() -> str:
    """gw0, gw1, ... or master."""
    return os.environ.get("PYTEST_XDIST_WORKER", "master")


@pytest.fixture(scope="session")
def redis_url(engines: Addresses, worker_name: str) -> str:
    """This worker's part of Redis."""
    number = int(worker_name.removeprefix("gw")) + 1 if worker_name.startswith("gw") else 0
    return f"{engines.redis.rpartition('/')[0]}/{number}"


@pytest.fixture(scope="session")
def database(
    request: pytest.FixtureRequest, engines: Addresses, worker_name: str, redis_url: str
) -> Iterator[Database]:
    """This worker's own database: `.app` and `.owner` are its addresses."""
    made = worker_database(engines, worker_name)
    house = House(with_database(engines.superuser, f"partnerka_{worker_name}"), redis_url)
    request.config.stash[HOUSE] = house
    yield made
    house.close()


@pytest.fixture(scope="module", autouse=True)
def _empty_house(request: pytest.FixtureRequest) -> None:
    """Nothing is left of earlier modules; where no test has asked for a database yet, there is none."""
    house = request.config.stash.get(HOUSE, None)
    if house is not None:
        house.empty()


@pytest.fixture(scope="session")
def smtp() -> Iterator[Mailbox]:
    """This worker's SMTP server; tests use `mailbox`."""
    box = Mailbox()
    box.start()
    yield box
    box.stop()


@pytest.fixture
def mailbox(smtp: Mailbox) -> Iterator[Mailbox]:
    """Letters sent during this test."""
    smtp.clear()
    yield smtp
    smtp.clear()


@pytest.fixture(scope="session")
def environ(
    database: Database,
    redis_url: str,
    smtp: Mailbox,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, str]:
    """The product's environment in this worker, for processes that a test starts."""
    return {
        "APP_ENV": "test",
        "SECRET_KEY": SECRET,
        "DATABASE_URL": database.app,
        "DATABASE_OWNER_URL": database.owner,
        "REDIS_URL": redis_url,
        "SMTP_URL": f"smtp://127.0.0.1:{smtp.port}",
        "VAR_DIR": str(tmp_path_factory.mktemp("var")),
        "PUBLIC_URL": "http://localhost",
    }


@pytest.fixture(scope="session")
def app(environ: dict[str, str]) -> Iterator[App]:
    """The application, on this worker's database. Forms need no CSRF token here; journeys' do."""
    made = create_app(Config.from_env(environ))
    made.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    yield made
    with made.app_context():
        db.engine.dispose()


@pytest.fixture
def _sound(app: App) -> Iterator[None]:
    """After the test the ledger's invariants hold for all that it left in the database."""
    yield
    with app.app_context():
        broken = invariants.broken()
    assert not broken, broken


@pytest.fixture
def db_session(app: App) -> Iterator[scoped_session[Any]]:
    """A session in one transaction that is rolled back; services never commit, so nothing stays."""
    with app.app_context():
        yield db.session
        broken = invariants.broken()
        db.session.rollback()
        db.session.remove()
    assert not broken, broken


@pytest.fixture
def client(app: App, _sound: None) -> FlaskClient:
    """A visitor without cookies. What its requests commit stays, so use a merchant of your own."""
    return app.test_client()


@pytest.fixture(scope="session")
def web_server(environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """The web server of this worker, as users start it."""
    server = Web(environ, tmp_path_factory.mktemp("web"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def live_server(web_server: Web, _sound: None) -> str:
    """Address of a running web server."""
    return web_server.url


@pytest.fixture
def wire(environ: dict[str, str]) -> Iterator[Wire]:
    """A way to the database that can be cut."""
    made = Wire(environ)
    yield made
    made.close()


@pytest.fixture
def live_worker(environ: dict[str, str], tmp_path: Path) -> Iterator[None]:
    """A running worker: mail leaves and due work is done while the test runs."""
    child = worker(environ, tmp_path)
    child.start()
    yield
    child.stop()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """pytest-playwright starts the machine's Chromium."""
    return browser_type_launch_args | chromium.launch_arguments() | {"timeout": PATIENCE}


@pytest.fixture(scope="session")
def browser(browser: Browser) -> Browser:
    """Give all visitors our patience, pytest-playwright's own too."""
    usual = browser.new_context

    def patient(**said: Any) -> BrowserContext:
        made = usual(**said)
        made.set_default_timeout(PATIENCE)
        return made

    browser.new_context = patient  # type: ignore[method-assign]
    return browser


@pytest.fixture
def quiet_page(page: Page) -> Iterator[Page]:
    """A browser page that must not complain on its console."""
    console = chromium.Console(page)
    yield page
    assert not console.errors, console.errors
