"""Promise messages for events, and keep account of each until it is sent or given up."""

from app.notifications.service.keeping import (
    Taken,
    again,
    call_off,
    capture,
    capture_short,
    get,
    leave,
    mute,
    settle,
    switch,
    take,
)
from app.notifications.service.promising import Reader, promise, try_sms, try_wording, write

__all__ = [
    "Reader",
    "Taken",
    "again",
    "call_off",
    "capture",
    "capture_short",
    "get",
    "leave",
    "mute",
    "promise",
    "settle",
    "switch",
    "take",
    "try_sms",
    "try_wording",
    "write",
]
