"""A merchant's account as the platform's programs ask for it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

Line = Annotated[
    str, StringConstraints(min_length=1, max_length=255, strict=True, strip_whitespace=True)
]


class NewMerchantIn(BaseModel):
    """What opens an account; `site` is the shop's domain or address."""

    model_config = ConfigDict(extra="ignore")

    name: Line
    slug: Line
    email: Line
    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$", strict=True)] = "RUB"
    locale: Literal["en", "ru"] = "en"
    timezone: Line = "UTC"
    site: Annotated[str, StringConstraints(max_length=2000, strict=True)] | None = None


class MerchantRef(BaseModel):
    """The merchant made."""

    id: str
    name: str
    slug: str
    currency: str
    locale: str
    timezone: str


class ShopRef(BaseModel):
    """Its first shop."""

    id: str
    name: str
    domain: str
    path: str
    timezone: str
    statuses: dict[str, str]


class NewMerchantOut(BaseModel):
    """Keys and secret are told here and never again; `hook_url` is where the shop's messages may go."""

    merchant: MerchantRef
    shop: ShopRef
    api_key: str
    test_api_key: str
    webhook_secret: str
    hook_url: str
    office_url: str


class InstallIn(BaseModel):
    """What a plugin says of itself; it becomes the name of its keys."""

    model_config = ConfigDict(extra="ignore")

    plugin: Annotated[
        str, StringConstraints(min_length=1, max_length=100, strict=True, strip_whitespace=True)
    ] = "plugin"


class InstallOut(BaseModel):
    """Keys and secret are told here and never again; `hook_url` is where the shop's messages may go."""

    merchant: MerchantRef
    shop: ShopRef
    api_key: str
    test_api_key: str | None
    webhook_secret: str
    hook_url: str
    script_url: str
    office_url: str
