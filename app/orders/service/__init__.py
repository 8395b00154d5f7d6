"""Take in what shops say about orders, and keep each order as it now stands."""

from app.orders.service.anew import other_customer, rate_as_of, read_anew, refold, remap
from app.orders.service.bodies import MESSAGES, read_body
from app.orders.service.reading import (
    find,
    get,
    get_all,
    keys_of,
    lock,
    members_of_guests,
    of_members,
    peek,
)
from app.orders.service.shapes import Incoming, Standing, Word, contact_of, read_state
from app.orders.service.taking import (
    delete,
    next_booking,
    number_bookings,
    open_all,
    take_in,
    take_over,
)
from app.orders.service.words import WORDS_OF, keep_word, staff_word, staff_words, word_before

__all__ = [
    "MESSAGES",
    "WORDS_OF",
    "Incoming",
    "Standing",
    "Word",
    "contact_of",
    "delete",
    "find",
    "get",
    "get_all",
    "keep_word",
    "keys_of",
    "lock",
    "members_of_guests",
    "next_booking",
    "number_bookings",
    "of_members",
    "open_all",
    "other_customer",
    "peek",
    "rate_as_of",
    "read_anew",
    "read_body",
    "read_state",
    "refold",
    "remap",
    "staff_word",
    "staff_words",
    "take_in",
    "take_over",
    "word_before",
]
