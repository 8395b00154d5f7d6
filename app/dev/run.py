"""One run of bin/dev: up in order, watched, and down in the opposite order."""

from __future__ import annotations

import sys
import time
from collections import deque
from typing import TYPE_CHECKING

from app.dev import demo, product
from app.dev.catalogs import compile_catalogs
from app.dev.engines import Engines, identity
from app.dev.problem import Problem
from app.dev.settings import ROOT, require_free
from app.dev.sink import Sink

if TYPE_CHECKING:
    from app.dev.children import Child
    from app.dev.settings import Settings

PATIENCE = 5  # restarts of one process ...
WITHIN = 60.0  # ... in so many seconds, then bin/dev gives up
POLL = 0.2
ENGINES = {"postgres", "redis"}


class Run:
    """What was started, in order, so that it can be ended."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is started yet."""
        self.settings = settings
        self.folder = settings.var_dir / "run"
        self.target = settings.var_dir / "demo.json"
        self.children: list[Child] = []
        self.sink: Sink | None = None
        self.maker: Child | None = None
        self.deaths: dict[str, deque[float]] = {}

    def up(self) -> None:
        """Start everything; returns when the web server is healthy and the logins are known."""
        began = time.monotonic()
        require_free(self.settings.port)
        compile_catalogs(ROOT / "translations")
        engines = Engines(self.settings)
        self.children += engines.children
        engines.start()
        addresses = engines.addresses()
        if not self.settings.smtp_url:
            self.sink = Sink(self.settings.var_dir / "mail")
            self.sink.start()
        smtp_url = self.sink.url if self.sink else self.settings.smtp_url
        env = product.environment(self.settings, addresses, engines.redis_url, smtp_url)
        product.migrate(addresses.owner, env, self.folder / "migrate.log")
        demo.forget_other(
            self.target, self.folder / "demo.mark", identity(addresses.owner), self.settings.url
        )
        self._serve(env)
        say(f"Partnerka answers at {self.settings.url} after {time.monotonic() - began:.1f} s.")
        for line in demo.lines(self.target):
            say(line)
        say(f"  {'logs':12} {self.folder}/*.log")
        say("Ctrl-C ends it.")

    def watch(self) -> None:
        """Start again what dies; raises Problem when a process keeps dying."""
        while True:
            time.sleep(POLL)
            if self.maker is not None and not self.maker.running:
                self._maker_ended(self.maker)
            for child in self.children:
                if not child.running:
                    self._again(child)

    def down(self) -> None:
        """End everything: the product's processes together, then the engines below them."""
        product_first = [child for child in (self.maker, *reversed(self.children)) if child]
        for child in product_first:
            if child.name not in ENGINES:
                child.signal_end()
        for child in sorted(product_first, key=lambda child: child.name in ENGINES):
            child.stop()
        if self.sink:
            self.sink.stop()

    def _serve(self, env: dict[str, str]) -> None:
        """Start the product. The logins are known by the time that the web server answers."""
        web = product.web(self.settings, env, self.folder)
        worker = product.worker(env, self.folder)
        self.maker = product.seeding(env, self.folder, self.target)
        known = self.target.exists()  # a second run: the web server has the processors to itself
        if not known:
            self.maker.start()
            if not demo.wait_for(self.target, self.maker):
                self._maker_ended(self.maker)
        self._start(web)
        product.wait_healthy(web, self.settings.url)
        self._start(worker)
        if known:
            self.maker.start()

    def _start(self, child: Child) -> None:
        self.children.append(child)
        child.start()

    def _maker_ended(self, maker: Child) -> None:
        if maker.process is not None and maker.process.returncode:
            say(f"The demo could not be filled ({maker.log}): {maker.tail(1)}")
        maker.stop()
        self.maker = None

    def _again(self, child: Child) -> None:
        times = self.deaths.setdefault(child.name, deque(maxlen=PATIENCE))
        now = time.monotonic()
        if len(times) == PATIENCE and now - times[0] < WITHIN:
            msg = f"{child.name} keeps ending ({child.log}): {child.tail(3)}"
            raise Problem(msg)
        times.append(now)
        say(f"{child.name} ended and is started again ({child.log}).")
        child.stop()
        child.start()


def say(line: str) -> None:
    """Print one line at once; a reader that went away is no reason to stop."""
    try:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except OSError:
        return
