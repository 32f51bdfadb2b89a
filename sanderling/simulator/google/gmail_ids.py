"""How Gmail writes the ids of what is numbered."""

from sanderling.simulator.core.mail import Mail

_FIRST_ID = 0x18C0_0000_0000_0000
_FIRST_HISTORY = 1_000_000
_GAP = 7
UINT64 = 2**64
SYSTEM_LABELS = (
    *("CHAT", "SENT", "INBOX", "IMPORTANT", "TRASH", "DRAFT", "SPAM", "STARRED", "UNREAD"),
    *("CATEGORY_FORUMS", "CATEGORY_UPDATES", "CATEGORY_PERSONAL", "CATEGORY_PROMOTIONS"),
    "CATEGORY_SOCIAL",
)


def message_id(number: int) -> str:
    """Return the id of a message, or of the thread that begins with it."""
    return f"{_FIRST_ID + number:016x}"


def number_of(text: str) -> int:
    """Return the number behind an id; 0, which nothing has, where it is none."""
    try:
        return max(int(text, 16) - _FIRST_ID, 0)
    except ValueError:
        return 0


def history_id(seq: int) -> int:
    """Return the history id of a point of the log: rising, with gaps."""
    return _FIRST_HISTORY + seq * _GAP + seq * 5 % _GAP


def seq_before(history: int) -> int:
    """Return a point of the log that is not after this history id."""
    return max((history - _FIRST_HISTORY) // _GAP - 1, 0)


def labels_of(mail: Mail) -> frozenset[str]:
    """Return the labels of a message; what is unread or a draft has one for it."""
    labels = mail.places if mail.is_read else mail.places | {"UNREAD"}
    return labels | {"DRAFT"} if mail.is_draft else labels
