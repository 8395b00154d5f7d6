"""pain.001: credit transfers in euros between banks of Europe, valid against the schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sepaxml import SepaTransfer

from app.registers.rules.lines import latin, mark
from app.requisites.rules import Iban

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from app.registers.rules.lines import Line
    from app.requisites.rules import Legal

SCHEMA = "pain.001.001.03"
LONGEST_PURPOSE = 140


def write_pain(
    lines: Sequence[Line], payer: Legal, pay_on: date, purpose: str, message_id: str
) -> bytes:
    """Write transfers of the lines, asked for a day; the caller has asked `lacking` and `payer_lacks`.

    The same message id lets a bank know a file that comes twice. Raises ValueError for what the
    schema refuses.
    """
    config = {"name": latin(payer.name), "IBAN": payer.iban, "currency": "EUR", "batch": True}
    made = SepaTransfer(
        config | ({"BIC": payer.bic} if payer.bic else {}), schema=SCHEMA, clean=True
    )
    made.msg_id = message_id
    for node in made._xml.iter("MsgId"):  # noqa: SLF001 - the library has no other way to say it
        node.text = message_id
    for line in lines:
        details = line.details
        if details is None or not isinstance(details.way, Iban):
            message = f"{line.number} has no IBAN"
            raise ValueError(message)
        payment = {
            "name": latin(details.payee.name),
            "IBAN": details.way.iban,
            "amount": line.amount,
            "execution_date": pay_on,
            "description": f"{latin(purpose)} {mark(line.number)}"[:LONGEST_PURPOSE],
            "endtoend_id": mark(line.number),
        }
        made.add_payment(payment | ({"BIC": details.way.bic} if details.way.bic else {}))
    written: bytes = made.export(validate=True)
    return written
