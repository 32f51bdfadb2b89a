"""Tables in text: csv, and the in-memory text file that writing one needs."""

from io import StringIO

from drivers.guest.language.facade import Facade
from drivers.guest.language.facades.picking import facade_of
from drivers.guest.language.tables import allow

_CSV = (
    "DictReader DictWriter QUOTE_ALL QUOTE_MINIMAL QUOTE_NONE QUOTE_NONNUMERIC QUOTE_NOTNULL "
    "QUOTE_STRINGS reader writer"
)
_STRING_IO = (
    "close closed flush getvalue read readable readline readlines seek seekable tell truncate "
    "writable write writelines"
)


def _csv() -> Facade:
    import csv  # noqa: PLC0415 - loaded only where its facade is wanted

    allow(csv.DictReader, "fieldnames line_num", known=False)
    allow(csv.DictWriter, "fieldnames writeheader writerow writerows", known=False)
    allow(type(csv.reader(())), "line_num", known=False)
    allow(type(csv.writer(StringIO())), "writerow writerows", known=False)
    return facade_of(csv, _CSV, Error=csv.Error)


def _io() -> Facade:
    allow(StringIO, _STRING_IO)
    return Facade("io", {"StringIO": StringIO})


BUILDERS = {"csv": _csv, "io": _io}
