"""What who asks can do at a door of his: the same for a merchant's staff and for a partner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import request
from flask_babel import gettext as _

from app.errors import DomainError
from app.help import queries, service
from app.help.forms import KINDS, AskForm, LineForm
from app.help.rules import LIFECYCLE, Kind, State, read_page
from app.site.attempts import count_help
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response

    from app.help.models import Request


@dataclass(frozen=True)
class Asking:
    """A door: its name, what a question is called in its addresses, and who asks there now."""

    door: str
    argument: str
    asker: Callable[[], service.Asker]

    def offered(self) -> AskForm:
        """Return an empty form; `?page=` is where the reader came from."""
        came = read_page(request.args.get("page", ""))
        return AskForm(formdata=None, data={"page": came, "kind": Kind.SUPPORT.value})

    def ask(self, again: Callable[[AskForm, int], Response]) -> Response:
        """Open a question, or show the form again with what is wrong in it."""
        me, form = self._counted(), AskForm()
        try:
            if form.validate_on_submit():
                made = service.ask(me, Kind(form.kind.data), form.text.data, form.page.data or "")
                return self._to(made, _("Sent. You get a letter as soon as somebody answers."))
        except DomainError as error:
            form.tell(error)
            return again(form, error.status)
        return again(form, 422)

    def show(self, question: str, form: LineForm | None = None, status: int = 200) -> Response:
        """Show one's own question, and note that its answer was read."""
        me = self.asker()
        with service.desk_of(me):
            found = service.find(question, me)
            lines = queries.thread(found.id)
            service.mark_read(found, me.person_id)
            shown = facts(found)
        return page(
            f"help/{self.door}/show.html",
            status=status,
            lines=lines,
            form=form or LineForm(formdata=None),
            door=self.door,
            named={self.argument: question},
            **shown,
        )

    def say(self, question: str) -> Response:
        """Add a line."""
        me, form = self._counted(), LineForm()
        if not form.validate_on_submit():
            return self.show(question, form, 422)
        service.say(me, question, form.text.data)
        return self._to(question, _("Sent."))

    def close(self, question: str) -> Response:
        """Let who asked say that it is settled."""
        service.settle(self.asker(), question)
        return see_other(f"{self.door}.help.index", message=_("Closed."))

    def _counted(self) -> service.Asker:
        me = self.asker()
        count_help(f"partner:{me.partner_id}" if me.partner_id else f"person:{me.person_id}")
        return me

    def _to(self, question: str, words: str) -> Response:
        return see_other(f"{self.door}.help.show", message=words, **{self.argument: question})


def facts(found: Request) -> dict[str, Any]:
    """Return what every page of a thread shows."""
    return {
        "asked": found,
        "kind": KINDS[found.kind],
        "actions": LIFECYCLE.actions(State(found.state)),
    }
