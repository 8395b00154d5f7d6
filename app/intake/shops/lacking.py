"""What a kind of shop does not offer: connectors take from here what they lack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.intake.shops import SetUp, ShopError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.intake.shops import Access, CouponWanted


def write_member_group(access: Access, who: Mapping[str, str | None], group: str) -> bool:
    """Say that this kind of shop takes no groups."""
    raise _lacking("groups", access, who, group)


def put_coupon(access: Access, wanted: CouponWanted) -> bool:
    """Say that this kind of shop takes no coupons."""
    raise _lacking("coupons", access, wanted)


def stop_coupon(access: Access, code: str) -> bool:
    """Say that this kind of shop takes no coupons."""
    raise _lacking("coupons", access, code)


def drop_coupon(access: Access, code: str) -> bool:
    """Say that this kind of shop takes no coupons."""
    raise _lacking("coupons", access, code)


def ensure_setup(access: Access) -> SetUp:
    """Set nothing up: this kind of shop has nothing that could be."""
    del access
    return SetUp()


def take_down(access: Access) -> None:
    """Remove nothing: there are no hooks of ours."""
    del access


def proved(access: Access, external_id: str, key: str) -> bool:
    """Prove nothing: this kind of shop shows its visitors no key."""
    del access, external_id, key
    return False


def is_ping(headers: Mapping[str, str], body: bytes) -> bool:
    """Tell that this kind of shop makes no trial calls."""
    del headers, body
    return False


def _lacking(what: str, *_said: Any) -> ShopError:
    return ShopError("not_offered", what)
