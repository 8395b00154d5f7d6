"""What the WooCommerce shop of these tests shows of its goods, customers and reviews, page by page."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

Answer = tuple[int, Any, dict[str, str]]


class People:
    """Customers who register and write reviews, and the lists of them as version 3 gives them."""

    customers: dict[int, dict[str, Any]]
    products: dict[int, dict[str, Any]]
    written: dict[int, dict[str, Any]]

    def register(self, email: str, at: str | None = None, **more: Any) -> int:
        """Let somebody register; the shop tells of it."""
        number: int = self.next()  # type: ignore[attr-defined]
        self.customers[number] = {
            "id": number, "email": email, "first_name": "Vera", "last_name": "Ivanova",
            "role": "customer", "username": "vera", "billing": {"phone": "+12135550111"},
            "date_created_gmt": at or self.now(), "meta_data": [], **more,
        }  # fmt: skip
        self.tell("customer.created", number)  # type: ignore[attr-defined]
        return number

    def change_customer(self, number: int, **said: Any) -> None:
        self.customers[number].update(said)
        self.tell("customer.updated", number)  # type: ignore[attr-defined]

    def review(self, product: int, email: str, at: str | None = None, rating: int = 5) -> int:
        """Let somebody write a review that is shown at once; the shop tells nobody."""
        number: int = self.next()  # type: ignore[attr-defined]
        self.written[number] = {
            "id": number, "product_id": product, "reviewer_email": email, "rating": rating,
            "review": f"<p>{20 * 'It shines. '}</p>", "status": "approved", "verified": True,
            "date_created_gmt": at or self.now(),
        }  # fmt: skip
        return number

    def now(self) -> str:
        raise NotImplementedError

    def customers_listed(self, query: dict[str, str]) -> list[dict[str, Any]]:
        """Return those who are asked for, in the order in which they registered."""
        found = list(self.customers.values())
        role = query.get("role", "customer")
        found = [c for c in found if role in {"all", c.get("role", "customer")}]
        if "email" in query:
            return [c for c in found if c["email"] == query["email"]]
        return sorted(deepcopy(found), key=lambda c: (c["date_created_gmt"], c["id"]))

    def reviews_listed(self, query: dict[str, str]) -> list[dict[str, Any]]:
        """Return reviews that are shown, oldest first."""
        after = query.get("after", "")
        found = [r for r in self.written.values() if r["status"] == query.get("status")]
        found = [r for r in found if r["date_created_gmt"] > after]
        return sorted(found, key=lambda r: (r["date_created_gmt"], r["id"]))

    def products_listed(self, query: dict[str, str]) -> list[dict[str, Any]]:
        """Return products by their ids, all of them or those that changed."""
        wanted = {int(each) for each in query.get("include", "").split(",") if each}
        since = query.get("modified_after", "")
        return [
            thing
            for number, thing in sorted(self.products.items())
            if (not wanted or number in wanted) and thing.get("date_modified_gmt", "9") > since
        ]
