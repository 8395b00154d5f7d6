"""What can be brought along: kinds of files, their fields, and by which heads columns are recognised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a file may say of each row, how it is read, and heads that mean it (folded)."""

    name: str
    reads: str = "text"
    needed: bool = False
    heads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file. `key`: of these the first said names a row in the old system, else all of `joined`.

    `sealed`: the rows hold what is only kept encrypted.
    """

    fields: tuple[Field, ...]
    key: tuple[str, ...]
    joined: tuple[str, ...] = ()
    sealed: bool = False


def _said(name: str, reads: str, *heads: str, needed: bool = False) -> Field:
    return Field(name, reads, needed, heads)


_PARTNER = ("partner", "partnerid", "affiliate", "affiliateid", "партнер", "idпартнера", "userid")
_PARTNER_CODES = ("refcode", "refid", "partnercode", "рефкод", "кодпартнера", "логин", "login")
_MEMBER = (
    "customerid", "customer", "clientid", "client", "idклиента", "клиент", "idпокупателя",
    "покупатель", "memberid", "member", "contactid", "idконтакта", "контакт",
)  # fmt: skip
_EMAIL = ("email", "mail", "почта", "емейл", "имейл", "эл.почта", "электроннаяпочта", "адрес")
_PHONE = ("phone", "телефон", "tel", "mobile", "мобильный", "phonenumber", "номертелефона")
_NAME = (
    "name",
    "имя",
    "фио",
    "fullname",
    "displayname",
    "имяпартнера",
    "наименование",
    "firstname",
)
_LAST = ("surname", "lastname", "фамилия")

KINDS: dict[str, FileKind] = {
    "partner": FileKind(
        (
            _said("id", "id", "id", *_PARTNER, "код", needed=True),
            _said("name", "name", *_NAME),
            _said("surname", "text", *_LAST),
            _said("email", "email", *_EMAIL, "username", "paymentemail"),
            _said("phone", "phone", *_PHONE),
            _said("code", "code", *_PARTNER_CODES, "code", "slug", "промокод"),
            _said("aliases", "codes", "oldcodes", "старыекоды", "другиекоды", "aliases"),
            _said(
                "sponsor", "id", "sponsor", "sponsorid", "parent", "parentid", "parentuserid",
                "спонсор", "idспонсора", "родитель", "кемприглашен", "пригласил", "refererid",
                "вышестоящий", "наставник", "parentaffiliateid", "referrer",
            ),
            _said("group", "text", "group", "группа", "группапартнера", "campaign"),
            _said("terms", "text", "terms", "условия", "тариф", "plan", "program"),
            _said("rate", "rate", "rate", "ставка", "процент", "вознаграждение", "commission"),
            _said("status", "status", "status", "статус", "rstatus", "состояние", "state"),
            _said("site", "site", "site", "сайт", "url", "website", "websiteurl"),
            _said("comment", "text", "comment", "комментарий", "note", "notes", "примечание"),
            _said(
                "joined", "moment", "joined", "registered", "dateregistered", "dateinserted",
                "датарегистрации", "дата", "created", "createdat", "dateadd",
            ),
        ),
        ("id",),
    ),
    "member": FileKind(
        (
            _said("id", "id", "id", *_MEMBER, "userid", "код", needed=True),
            _said("name", "name", *_NAME),
            _said("surname", "text", *_LAST),
            _said("email", "email", *_EMAIL),
            _said("phone", "phone", *_PHONE),
            _said("group", "text", "group", "группа", "customergroup", "группаклиентов", "сегмент"),
            _said("birthday", "date", "birthday", "dateofbirth", "деньрождения", "датарождения"),
            _said(
                "registered", "moment", "registered", "датарегистрации", "created", "dateadd",
                "dateregistered", "createdat",
            ),
        ),
        ("id",),
    ),
    "binding": FileKind(
        (
            _said("member", "id", *_MEMBER, "userid"),
            _said("member_email", "email", *_EMAIL),
            _said("partner", "id", *_PARTNER[:6], *_PARTNER_CODES, "sponsor", "спонсор", needed=True),
            _said("since", "moment", "since", "date", "дата", "created", "датапривязки", "привязан"),
        ),
        ("member", "member_email"),
    ),
    "card": FileKind(
        (
            _said("number", "line", "cardnumber", "card", "номеркарты", "карта", "number", "номер",
                  "barcode", "штрихкод", needed=True),
            _said("member", "id", *_MEMBER, "userid", "id"),
            _said("member_email", "email", *_EMAIL),
        ),
        ("member", "member_email"),
    ),
    "code": FileKind(
        (
            _said("code", "code", "code", "код", "промокод", "coupon", "купон", "voucher", needed=True),
            _said("partner", "id", *_PARTNER, *_PARTNER_CODES, *_EMAIL, needed=True),
            _said("gives", "line", "gives", "скидка", "discount", "выгода", "value", "значение"),
        ),
        ("code",),
    ),
    "details": FileKind(
        (
            _said("partner", "id", *_PARTNER, *_PARTNER_CODES, *_EMAIL, "id", needed=True),
            _said("holder", "line", "holder", "payee", "получатель", "фио", "наименование", "name",
                  "имя", "владелец"),
            _said("status", "tax", "taxstatus", "налоговыйстатус", "статус", "форма", "типлица"),
            _said("inn", "line", "inn", "инн", "taxid"),
            _said("kpp", "line", "kpp", "кпп"),
            _said("ogrn", "line", "ogrn", "огрн", "огрнип"),
            _said("bik", "line", "bik", "бик"),
            _said("account", "line", "account", "счет", "расчетныйсчет", "рс", "кошелек", "wallet",
                  "paymentemail", "paypal", "payoutemail"),
            _said("bank", "line", "bank", "банк"),
            _said("correspondent", "line", "correspondent", "коррсчет", "кс", "корсчет"),
            _said("iban", "line", "iban"),
            _said("bic", "line", "bic", "swift"),
            _said("card", "line", "card", "карта", "номеркарты", "cardnumber"),
            _said("phone", "line", "phone", "телефон", "сбп"),
        ),
        ("partner",),
        sealed=True,
    ),
    "lot": FileKind(
        (
            _said("id", "id", "id", "lot", "lotid", "партия", "operationid", "idоперации"),
            _said("member", "id", *_MEMBER, "userid"),
            _said("member_email", "email", *_EMAIL),
            _said(
                "amount", "sum", "amount", "сумма", "bonus", "bonuses", "бонус", "бонусы", "points", "баллы",
                "balance", "баланс", "остаток", needed=True,
            ),
            _said("expires", "until", "expires", "expiry", "сгорает", "годендо", "датасгорания",
                  "срокдействия", "activeto"),
            _said("activates", "moment", "activates", "activefrom", "активнос", "датаактивации"),
            _said("reason", "line", "reason", "причина", "комментарий", "comment", "основание"),
        ),
        ("id",),
        joined=("member", "member_email", "expires"),
    ),
    "accrual": FileKind(
        (
            _said("id", "id", "accrualid", "transactionid", "transid", "referralid", "idначисления"),
            _said("order", "id", "order", "orderid", "заказ", "номерзаказа", "idзаказа", "reference",
                  needed=True),
            _said("partner", "id", *_PARTNER, *_PARTNER_CODES, *_EMAIL, needed=True),
            _said("level", "id", "level", "tier", "уровень"),
            _said("amount", "sum", "amount", "commission", "сумма", "вознаграждение", "начислено",
                  needed=True),
            _said("base", "sum", "base", "totalcost", "ordertotal", "суммазаказа", "основа", "база"),
            _said("rate", "rate", "rate", "ставка", "процент"),
            _said("day", "moment", "day", "date", "дата", "dateinserted", "created"),
        ),
        ("id",),
        joined=("order", "partner", "level"),
    ),
    "balance": FileKind(
        (
            _said("partner", "id", *_PARTNER, "id", *_PARTNER_CODES, *_EMAIL, needed=True),
            _said(
                "amount", "sum", "balance", "баланс", "amount", "сумма", "unpaidearnings", "unpaid",
                "квыплате", "доступно", "остаток", "начислено",
            ),
            _said("debt", "sum", "debt", "долг", "задолженность"),
            _said("currency", "currency", "currency", "валюта"),
        ),
        ("partner",),
    ),
}  # fmt: skip

# How the systems that people come from call their columns, where it differs from the words above.
# None of them lists another's: what is not here is guessed by the words above. Post Affiliate Pro's heads are those
# of its help pages on import, AffiliateWP's those of its export; of the others nothing is published (GUESSED).
PRESETS: dict[str, dict[str, dict[str, tuple[str, ...]]]] = {
    "refpro": {
        "partner": {
            "id": ("idcustomer", "idreferral", "idrefpro"),
            "sponsor": ("idsponsor", "idparent", "refererid"),
            "code": ("voucher", "coupon"),
        },
        "balance": {"partner": ("idcustomer", "idreferral")},
    },
    "skyweb24": {
        "partner": {
            "id": ("userid", "idпользователя"),
            "sponsor": ("referrerid", "partneruserid", "idреферера"),
            "code": ("refcode", "coupon"),
        },
        "balance": {"partner": ("userid", "idпользователя"), "amount": ("currentbudget", "budget")},
    },
    "autoweboffice": {
        "partner": {
            "id": ("idpartner", "idпартнера"),
            "sponsor": ("idpartnerparent", "idparent", "партнервторогоуровня"),
            "code": ("partnerlogin", "логинпартнера"),
        },
        "balance": {"partner": ("idpartner", "idпартнера"), "amount": ("неоплаченныекомиссионные",)},
    },
    "postaffiliatepro": {
        "partner": {
            "id": ("userid",), "code": ("refid",), "sponsor": ("parentuserid",),
            "email": ("username", "notificationemail"), "joined": ("dateinserted",),
            "status": ("rstatus",), "comment": ("note",), "name": ("firstname",),
        },
        "balance": {"partner": ("userid",), "amount": ("commission", "topay")},
    },
    "affiliatewp": {
        "partner": {
            "id": ("affiliateid",), "email": ("email",), "code": ("username", "slug"),
            "sponsor": ("parentaffiliateid",), "joined": ("dateregistered",),
        },
        "balance": {"partner": ("affiliateid",), "amount": ("unpaidearnings",)},
    },
}  # fmt: skip
SOURCES = (*PRESETS, "other")
GUESSED = frozenset(
    {"refpro", "skyweb24", "autoweboffice"}
)  # heads that we have not seen in a real export
# In whose addresses the partner's number stands in place of a code, and under which names.
PARAMETERS: dict[str, tuple[str, ...]] = {
    "postaffiliatepro": ("a_aid",),
    "affiliatewp": ("ref",),
    "refpro": ("ref",),
    "skyweb24": ("ref",),
    "autoweboffice": ("partner",),
}


def folded(head: str) -> str:
    """Return a column's head as it is compared: letters and digits, in small letters, without ё."""
    small = head.casefold().replace("ё", "е")
    return "".join(char for char in small if char.isalnum())


def guess(columns: Sequence[str], kind: str, source: str) -> dict[str, int]:
    """Return which column says what: {field: column}, by the source's own words first. A column means one field."""
    heads = [folded(column) for column in columns]
    preset: Mapping[str, tuple[str, ...]] = PRESETS.get(source, {}).get(kind, {})
    found: dict[str, int] = {}
    for wide in (False, True):
        for field in KINDS[kind].fields:
            words = field.heads if wide else preset.get(field.name, ())
            if field.name in found:
                continue
            places = (heads.index(w) for w in map(folded, words) if w in heads)
            place = next((p for p in places if p not in found.values()), None)
            if place is not None:
                found[field.name] = place
    return found


def missing(kind: str, mapping: Mapping[str, int]) -> list[str]:
    """Return the needed fields that no column was chosen for."""
    return [f.name for f in KINDS[kind].fields if f.needed and f.name not in mapping]


def twice(mapping: Mapping[str, int]) -> list[str]:
    """Return the fields that share their column with an earlier one."""
    seen: set[int] = set()
    again = []
    for name, place in mapping.items():
        if place in seen:
            again.append(name)
        seen.add(place)
    return again
