"""`flask replay`: every order folded and booked anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from app import clock
from app.extensions import db
from tests.intake.scene import at_lampa
from tests.reruns.test_service import LATER, some_orders

if TYPE_CHECKING:
    from app.application import App


def test_a_replay_posts_nothing_and_tells_what_was_wrong(app: App, _sound: None) -> None:
    with app.app_context():
        with at_lampa() as scene, clock.moved_to(LATER):
            some_orders(scene, 3, status="paid")
            query = text("SELECT slug FROM tenant WHERE id = :id")
            slug = db.session.execute(query, {"id": scene.tenant_id}).scalar_one()
            db.session.commit()
        tenant = scene.tenant_id
    run = app.test_cli_runner().invoke
    well = run(args=["replay", slug])
    assert (well.exit_code, well.stdout) == (0, "3 orders, 0 folded anew, 0 posted.\n")
    with app.app_context():
        db.session.execute(text("SELECT set_config('app.tenant', :id, true)"), {"id": str(tenant)})
        state = "jsonb_set(folded, '{mapped}', '\"cancelled\"')"
        db.session.execute(text(f"UPDATE orders SET folded = {state} WHERE external_id = 'A1'"))
        db.session.commit()
    wrong = run(args=["replay", slug])
    assert (wrong.exit_code, wrong.stdout) == (1, "3 orders, 1 folded anew, 0 posted.\n")
    assert "stood otherwise" in wrong.stderr
    assert run(args=["replay", slug]).exit_code == 0
    assert run(args=["replay", "nobody"]).exit_code == 1
