"""From approved payouts to the bank and back: registers mark what is on its way, statements what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app.errors import Conflict, Forbidden
from app.events.models import Event
from app.events.service import acting_as
from app.extensions import db
from app.identity import service as identity
from app.ledger.queries import PartnerBalance, partner_balances
from app.partners.models import Partner
from app.payouts import service as payouts
from app.payouts.models import Payout
from app.payruns import queries as pay_runs
from app.payruns import service as pay_run_service
from app.registers import queries, service
from app.registers.forms import HEADS
from app.registers.models import BankFile, BankLine, Register
from app.registers.rules import Format, Lack, Unreadable, Verdict, Wrong, mark
from app.tenants.service import change_legal
from tests.payruns.setting import DESK, desk, go_on, looked, ready
from tests.registers.bank import ACCOUNT, IBAN, Exchange, Payment, camt, onec
from tests.registers.test_rules import PAYER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.orm import Session, scoped_session

    from app.payruns.models import PayRun

WORDS = dict.fromkeys(HEADS, "x")


@pytest.fixture
def run(db_session: scoped_session[Session]) -> Iterator[PayRun]:
    """An approved run of Anna and Boris, 50.00 each."""
    with desk():
        change_legal(PAYER)
        ready("Anna", 5_000)
        ready("Boris", 5_000)
        made = looked()
        for verb in (pay_run_service.prepare, pay_run_service.approve):
            verb(made)
            go_on(made)
        yield made


def chosen(run: PayRun) -> list[Payout]:
    return queries.to_pay(run_id=run.id)


def states() -> dict[str, str]:
    query = select(Payout.public_id, Payout.state).execution_options(populate_existing=True)
    return {row.public_id: row.state for row in db.session.execute(query)}


def numbers() -> list[str]:
    return list(db.session.scalars(select(Payout.public_id).order_by(Payout.id)))


def loaded(payments: Sequence[Payment]) -> BankFile:
    return service.load("statement.txt", onec(list(payments)))[0]


def paid(number: str, amount: str = "50.00") -> Payment:
    return Payment(amount, f"Выплата {mark(number)}")


def back(number: str) -> Payment:
    return Payment("50.00", f"Возврат {mark(number)}", incoming=True)


class TestRegister:
    def test_what_is_written_is_on_its_way_and_is_not_written_again(self, run: PayRun) -> None:
        register = service.make(chosen(run), Format.ONEC, run)
        assert (register.number, register.counted, register.total) == (1, 2, 10_000)
        assert set(states().values()) == {"sending"}
        assert run.state == "paying"
        file = service.write(register, WORDS, "Выплата")
        found = Exchange.read(file)
        assert [d["Сумма"] for d in found.documents] == ["50.00", "50.00"]
        assert [d["НазначениеПлатежа"].split()[1] for d in found.documents] == [
            mark(n) for n in numbers()
        ]
        assert (
            service.write(register, WORDS, "Выплата") == file
        )  # the same, whenever it is asked for
        assert chosen(run) == []
        with pytest.raises(Conflict, match="Nothing is left"):
            service.make(chosen(run), Format.ONEC, run)

    def test_each_download_is_recorded(self, run: PayRun) -> None:
        register = service.make(chosen(run), Format.CSV, run)
        service.write(register, WORDS, "x")
        query = select(Event).where(Event.type.like("register.%")).order_by(Event.id)
        found = db.session.scalars(query).all()
        assert [(e.type, e.actor) for e in found] == [
            ("register.made", DESK),
            ("register.downloaded", DESK),
        ]
        assert found[0].facts["pay_run"] == run.public_id

    def test_what_a_format_cannot_carry_is_named_and_stays_approved(self, run: PayRun) -> None:
        gleb = ready("Gleb", 9_000, details=False)
        bare = payouts.request_for(gleb, 9_000, "bank", DESK)
        payouts.approve(bare.id, DESK)
        everything = queries.to_pay()
        by = {choice.format: choice for choice in service.choices(everything)}
        assert (by[Format.ONEC].fit, by[Format.ONEC].total) == (2, 10_000)
        assert [(line.partner, lack) for line, lack in by[Format.ONEC].left_out] == [
            ("Gleb", Lack.DETAILS)
        ]
        assert by[Format.PAIN].fit == 0
        service.make(everything, Format.ONEC)
        assert states()[bare.public_id] == "approved"

    def test_without_own_details_there_is_no_order_but_a_table(self, run: PayRun) -> None:
        with desk():  # another shop, which gave none
            anna = ready("Anna", 5_000)
            payout = payouts.request_for(anna, 5_000, "bank", DESK)
            payouts.approve(payout.id, DESK)
            with pytest.raises(Conflict, match="legal details"):
                service.make(queries.to_pay(), Format.ONEC)
            assert service.make(queries.to_pay(), Format.XLSX).counted == 1
        assert run.state == "approved"

    def test_registers_are_numbered_without_gaps(self, run: PayRun) -> None:
        first, second = chosen(run)
        service.make([first], Format.CSV, run)
        service.make([second], Format.CSV, run)
        assert list(db.session.scalars(select(Register.number).order_by(Register.id))) == [1, 2]


class TestAnswer:
    def test_looked_at_first_and_then_applied_once(self, run: PayRun) -> None:
        service.make(chosen(run), Format.ONEC, run)
        anna, boris = numbers()
        file = loaded([paid(anna), back(boris), Payment("9000.00", "Аренда офиса")])
        assert queries.sums(file.id) == {
            "paid": (1, 5_000),
            "returned": (1, 5_000),
            "foreign": (1, 900_000),
        }
        assert set(states().values()) == {"sending"}
        assert service.apply(file) == {Verdict.PAID: 1, Verdict.RETURNED: 1}
        assert states() == {anna: "paid", boris: "failed"}
        ids = [p.partner_id for p in db.session.scalars(select(Payout).order_by(Payout.id))]
        assert partner_balances(ids) == {
            ids[0]: PartnerBalance(),
            ids[1]: PartnerBalance(available=5_000),
        }
        assert run.state == "done"
        with pytest.raises(Conflict):
            service.apply(file)

    def test_the_same_file_twice_does_nothing(self, run: PayRun) -> None:
        service.make(chosen(run), Format.ONEC, run)
        anna, _boris = numbers()
        data = onec([paid(anna)])
        file, new = service.load("one.txt", data)
        service.apply(file)
        again, anew = service.load("two.txt", data)
        assert (new, anew, again.id) == (True, False, file.id)
        assert len(db.session.scalars(select(BankFile.id)).all()) == 1

    @pytest.mark.parametrize(
        "order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]
    )
    def test_files_that_overlap_end_the_same_in_any_order(
        self, run: PayRun, order: tuple[int, ...]
    ) -> None:
        """F11: days loaded twice, and in whatever order."""
        service.make(chosen(run), Format.ONEC, run)
        anna, boris = numbers()
        files = (
            [paid(anna)],
            [paid(anna), paid(boris)],
            [paid(boris), Payment("1.00", "Комиссия банка")],
        )
        for place in order:
            service.apply(loaded(files[place]))
        assert states() == {anna: "paid", boris: "paid"}
        assert run.state == "done"

    def test_a_return_before_its_payment_is_a_return_and_the_payment_waits_for_a_person(
        self, run: PayRun
    ) -> None:
        service.make(chosen(run), Format.ONEC, run)
        anna, _boris = numbers()
        service.apply(loaded([back(anna)]))
        late = loaded([paid(anna)])
        service.apply(late)
        assert states()[anna] == "failed"
        assert queries.sums(late.id) == {"after_end": (1, 5_000)}

    def test_what_came_back_after_it_was_marked_as_paid_waits_for_a_person(
        self, run: PayRun
    ) -> None:
        service.make(chosen(run), Format.ONEC, run)
        anna, _boris = numbers()
        service.apply(loaded([paid(anna)]))
        late = loaded([back(anna)])
        assert service.apply(late) == {Verdict.PAID: 0, Verdict.RETURNED: 0}
        assert states()[anna] == "paid"
        assert queries.sums(late.id) == {"came_late": (1, 5_000)}

    def test_the_banks_word_ends_what_nobody_knew_of(self, run: PayRun) -> None:
        service.make(chosen(run), Format.ONEC, run)
        anna, _boris = numbers()
        lost = db.session.scalars(select(Payout).where(Payout.public_id == anna)).one()
        payouts.lose(lost.id, DESK)
        service.apply(loaded([paid(anna)]))
        assert states()[anna] == "paid"

    def test_what_somebody_decided_after_the_look_stays(self, run: PayRun) -> None:
        service.make(chosen(run), Format.ONEC, run)
        anna, boris = numbers()
        file = loaded([paid(anna), paid(boris)])
        ended = db.session.scalars(select(Payout).where(Payout.public_id == anna)).one()
        payouts.fail(ended.id, "Closed account", DESK)
        assert service.apply(file) == {Verdict.PAID: 1, Verdict.RETURNED: 0}
        assert states() == {anna: "failed", boris: "paid"}
        assert queries.sums(file.id)["after_end"] == (1, 5_000)

    def test_another_account_another_currency_and_another_shop_are_refused(
        self, run: PayRun
    ) -> None:
        for data, why in (
            (onec([], account="40702810900000009999"), Wrong.ACCOUNT),
            (camt([], iban="DE02120300000000202051"), Wrong.ACCOUNT),
            (camt([Payment("1.00", "x")], currency="EUR"), Wrong.CURRENCY),
        ):
            with pytest.raises(Unreadable) as refused:
                service.load("x", data)
            assert refused.value.why is why
        assert run.state == "approved"
        with desk():
            with pytest.raises(Unreadable) as refused:
                service.load("x", onec([]))
            assert refused.value.why is Wrong.ACCOUNT

    def test_nobody_applies_that_a_payout_of_their_own_came_back(self, run: PayRun) -> None:
        anna, boris = numbers()
        service.make(chosen(run), Format.CSV, run)
        mine = select(Partner).join(Payout, Payout.partner_id == Partner.id)
        owner = identity.ensure_person("boris@lampa.example", "Boris")
        db.session.scalars(mine.where(Payout.public_id == boris)).one().person_id = owner.id
        file = loaded([back(anna), back(boris)])
        with acting_as(f"person:{owner.id}"), pytest.raises(Forbidden):
            service.apply(file)
        assert states() == {anna: "sending", boris: "sending"}
        service.apply(file)
        assert states() == {anna: "failed", boris: "failed"}

    def test_numbers_of_another_shop_are_strange_here(self, run: PayRun) -> None:
        anna, _boris = numbers()
        with desk():
            change_legal(PAYER)
            file = loaded([paid(anna)])
            assert queries.sums(file.id) == {"strange": (1, 5_000)}
        assert states()[anna] == "approved"
        assert pay_runs.unfinished() == []
        assert run.state == "approved"

    def test_what_the_bank_writes_of_people_is_not_readable_in_the_table(self, run: PayRun) -> None:
        anna, _boris = numbers()
        file = loaded([paid(anna)])
        line = db.session.scalars(select(BankLine)).one()
        assert "Иванова".encode() not in line.sealed
        assert service.words_of(line)[1] == "Иванова Анна"
        assert file.account == ACCOUNT[-4:]
        assert IBAN not in str(vars(file))
        assert run.counted == 2
