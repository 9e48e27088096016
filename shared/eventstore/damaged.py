"""What damaged events raise, where each organisation's are worked through: one tuple for all who do."""

from __future__ import annotations

from typing import Final

import msgspec

from shared.eventstore.types import UnknownEventType
from shared.keys.case_key import Unreadable

DAMAGED: Final = (
    Unreadable,
    UnknownEventType,
    msgspec.DecodeError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    StopIteration,
)
"""An event that does not decrypt, is of a newer program or of another form; and what comes of one that
says something which the others do not bear out. Whoever looks after many organisations catches these for
each: one that is damaged keeps nobody else waiting. A database, a bus or a key ring that is away is not
among them: then nothing goes on.
"""
