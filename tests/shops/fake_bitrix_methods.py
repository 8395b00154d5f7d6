"""The methods of the fake portal: lists with filters, orders whole, values all at once, the catalogue."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

PAGE = 50
Row = dict[str, Any]
_NAME = re.compile(r"[^\[\]]+")
STATUSES = (("N", "Принят"), ("P", "Оплачен"), ("S", "Отправлен"), ("F", "Выполнен"), ("D", "Отменён"),
            ("A", "Собран"))  # fmt: skip


class Refused(Exception):
    def __init__(self, status: int, code: str | int, words: str) -> None:
        super().__init__(str(code))
        self.status, self.code, self.words = status, code, words


def from_query(query: str, results: Row) -> Row:
    """Read a[b][0]=1 as PHP does; $result[name][field] is what an earlier call of the batch answered."""
    found: Row = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        keys, at = _NAME.findall(name), found
        for key in keys[:-1]:
            at = at.setdefault(key, {})
        at[keys[-1]] = _macro(value, results)
    whole: Row = _listed(found)
    return whole


def _macro(value: str, results: Row) -> Any:
    if not value.startswith("$result["):
        return value
    at: Any = results
    for key in _NAME.findall(value.removeprefix("$result")):
        if isinstance(at, list):
            at = at[int(key)] if key.isdecimal() and int(key) < len(at) else None
        else:
            at = at.get(key) if isinstance(at, dict) else None
    return at


def _listed(said: Any) -> Any:
    if not isinstance(said, dict):
        return said
    inner = {key: _listed(each) for key, each in said.items()}
    return list(inner.values()) if inner and all(key.isdecimal() for key in inner) else inner


def fits(row: Row, wanted: Row) -> bool:
    for name, value in (wanted or {}).items():
        sign = re.match(r"(>=|<=|!=|>|<|@|=|!)?", name).group(0)
        has = row.get(name.removeprefix(sign))
        if sign in {">=", ">", "<=", "<"}:
            one, other = _order(has), _order(value)
            if not {">=": one >= other, ">": one > other, "<=": one <= other, "<": one < other}[
                sign
            ]:
                return False
        elif isinstance(value, list):
            if (str(has) in map(str, value)) == (sign == "!"):
                return False
        elif (str(has) == str(value)) == (sign in {"!", "!="}):
            return False
    return True


def _order(value: Any) -> Any:
    try:
        return datetime.fromisoformat(str(value)).timestamp()
    except ValueError:
        return float(value)


class Methods:
    """What the portal answers to each method."""

    orders: dict[int, Row]
    properties: dict[int, Row]
    groups: dict[int, Row]
    types: dict[int, Row]
    products: dict[int, Row]
    offers: dict[int, Row]
    sections: dict[int, Row]
    files: dict[str, Row]

    next: Callable[[], int]
    touch: Callable[[int], None]
    old = False  # an older version, which makes the number 1 of a list of numbers in a filter

    def listed(self, part: str, rows: Any, said: Row) -> Row:
        wanted = said.get("filter") or {}
        if self.old:
            wanted = {k: 1 if isinstance(v, list) else v for k, v in wanted.items()}
        found = [row for row in rows if fits(row, wanted)]
        for name, way in reversed(list((said.get("order") or {"id": "asc"}).items())):
            found.sort(key=lambda row: _order(row[name]), reverse=way.lower() == "desc")
        start = int(said.get("start") or 0) // PAGE * PAGE
        shown = found[start : start + PAGE]
        if select := said.get("select"):
            shown = [{name: row.get(name) for name in select} for row in shown]
        answer: Row = {"result": {part: shown}, "total": len(found)}
        if start + PAGE < len(found):
            answer["next"] = start + PAGE
        return answer

    def do_sale_order_list(self, said: Row) -> Row:
        whole = {"basketItems", "payments", "shipments", "values", "clients"}
        rows = [{k: v for k, v in o.items() if k not in whole} for o in self.orders.values()]
        return self.listed("orders", rows, said)

    def do_sale_order_get(self, said: Row) -> Row:
        if "id" not in said:
            raise Refused(400, 100, "Could not find value for parameter {id}")
        return {"result": {"order": self.shown(self.order(said["id"]))}}

    def order(self, number: Any) -> Row:
        text = str(number or "")
        found = self.orders.get(int(text)) if text.isdecimal() else None
        if found is None:
            raise Refused(400, 200540400001, "order is not exists")
        return found

    def shown(self, order: Row) -> Row:
        """Show an order as sale.order.get does: a property without a value is there, too, and is null."""
        values = []
        for each in self.properties.values():
            has = order["values"].get(each["id"])
            if each["personTypeId"] != order["personTypeId"] or (
                has is None and each["active"] == "N"
            ):
                continue
            values.append({
                "id": each["id"] * 10, "code": each["code"], "name": each["name"], "orderPropsId": each["id"],
                "orderPropsXmlId": each["xmlId"] or None, "value": self._value(each, has),
            })  # fmt: skip
        return {**{k: v for k, v in order.items() if k != "values"}, "propertyValues": values}

    def _value(self, known: Row, has: Any) -> Any:
        return self.files[has] if known["type"] == "FILE" and has else has

    def do_sale_propertyvalue_modify(self, said: Row) -> Row:
        """Set all values of an order: those that are not sent are gone."""
        fields = (said.get("fields") or {}).get("order") or {}
        if not said.get("fields"):
            raise Refused(400, 100, "Could not find value for parameter {fields}")
        sent = fields.get("propertyValues")
        if not fields.get("id") or not isinstance(sent, list):
            raise Refused(400, 0, "Required fields: [order][id], [order][propertyValues][]")
        if any("orderPropsId" not in each or each.get("value") is None for each in sent):
            raise Refused(400, 0, "Required fields: [propertyValues][] - orderPropsId, value")
        order = self.order(fields["id"])
        kept = {}
        for each in sent:
            known = self.properties.get(int(each["orderPropsId"]))
            if (
                known is None
                or known["personTypeId"] != order["personTypeId"]
                or known["active"] == "N"
            ):
                continue
            value = self._taken(known, each["value"])
            if value not in (None, "", []):
                kept[known["id"]] = value
        order["values"] = kept
        self.touch(order["id"])
        return {"result": {"propertyValues": self.shown(order)["propertyValues"]}}

    def _taken(self, known: Row, value: Any) -> Any:
        """Take a value; a file by its id stays, and the description of one is no file."""
        if known["type"] == "FILE":
            number = (
                str(value.get("id", ""))
                if isinstance(value, dict) and set(value) <= {"id"}
                else str(value)
            )
            return number if number in self.files else None
        if known["multiple"] == "Y" and not isinstance(value, list):
            return [value] if value != "" else []
        return value

    def do_sale_property_list(self, said: Row) -> Row:
        return self.listed("properties", self.properties.values(), said)

    def do_sale_property_add(self, said: Row) -> Row:
        fields = said["fields"]
        if any(name not in fields for name in ("personTypeId", "propsGroupId", "name", "type")):
            raise Refused(400, 0, "Required fields")
        if fields["propsGroupId"] not in self.groups:
            raise Refused(400, 200840400001, "property group is not exists")
        number = self.next()
        blank = {"isEmail": "N", "isPhone": "N", "isPayer": "N"}
        self.properties[number] = {"active": "Y", "xmlId": "", **blank, **fields, "id": number}
        return {"result": {"property": self.properties[number]}}

    def do_sale_property_delete(self, said: Row) -> Row:
        return {"result": bool(self.properties.pop(int(said["id"])))}

    def do_sale_propertygroup_list(self, said: Row) -> Row:
        return self.listed("propertyGroups", self.groups.values(), said)

    def do_sale_propertygroup_add(self, said: Row) -> Row:
        number = self.next()
        self.groups[number] = {"sort": 100, **said["fields"], "id": number}
        return {"result": {"propertyGroup": self.groups[number]}}

    def do_sale_persontype_list(self, said: Row) -> Row:
        return self.listed("personTypes", self.types.values(), said)

    def do_sale_status_list(self, said: Row) -> Row:
        rows = [{"id": n, "type": "O", "sort": 10 * i} for i, (n, _name) in enumerate(STATUSES)]
        rows += [{"id": "DN", "type": "D", "sort": 5}]
        return self.listed("statuses", rows, {**said, "order": {"sort": "asc"}})

    def do_sale_statuslang_list(self, said: Row) -> Row:
        rows = [{"statusId": n, "lid": "ru", "name": name} for n, name in STATUSES]
        rows += [{"statusId": n, "lid": "en", "name": f"Status {n}"} for n, _name in STATUSES]
        return {"result": {"statusLangs": rows}, "total": len(rows)}

    def do_catalog_catalog_list(self, said: Row) -> Row:
        rows = [{"id": 23, "iblockId": 23, "productIblockId": None},
                {"id": 24, "iblockId": 24, "productIblockId": 23}]  # fmt: skip
        return self.listed("catalogs", rows, said)

    def do_catalog_product_get(self, said: Row) -> Row:
        return {"result": {"product": self._one(self.products, said, "product does not exist.")}}

    def do_catalog_product_offer_get(self, said: Row) -> Row:
        return {"result": {"offer": self._one(self.offers, said, "offer does not exist.")}}

    def do_catalog_section_get(self, said: Row) -> Row:
        return {"result": {"section": self._one(self.sections, said, "section does not exist.")}}

    def do_catalog_product_list(self, said: Row) -> Row:
        return self.listed("products", self.products.values(), said)

    def do_catalog_product_offer_list(self, said: Row) -> Row:
        return self.listed("offers", self.offers.values(), said)

    def _one(self, things: dict[int, Row], said: Row, words: str) -> Row:
        found = things.get(int(said["id"]))
        if found is None:
            raise Refused(400, 0, words)
        return found
