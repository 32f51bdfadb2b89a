"""Time zones: zoneinfo, out of a table that was read before lockdown.

A locked worker opens no file, so the data of every zone lies in memory; the pages are shared by
all forks until one of them builds a zone.
"""

import copyreg
import os
from io import BytesIO

from drivers.guest.language.facade import Facade
from drivers.guest.language.facades.times import ZONE
from drivers.guest.language.tables import allow

SYSTEM_FOLDER = "/usr/share/zoneinfo"
_MAGIC = b"TZif"
_blobs: dict[str, bytes] = {}
# An environment without a zone path keeps zoneinfo from reading the build's configuration,
# which would cost a megabyte.
_PATH_VARIABLE = "PYTHONTZPATH"


def load_zones(folder: str = SYSTEM_FOLDER) -> int:
    """Read every zone below `folder` into memory and return how many there are now.

    The host passes the folder of its `tzdata` package; equal zones share one blob.
    """
    same: dict[bytes, bytes] = {blob: blob for blob in _blobs.values()}
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in {"posix", "right"})
        for name in files:
            path = os.path.join(parent, name)  # noqa: PTH118 - pathlib would stay in every worker
            with open(path, "rb") as file:  # noqa: PTH123 - as above
                blob = file.read()
            if blob[:4] == _MAGIC:
                key = os.path.relpath(path, folder).replace(os.sep, "/")
                _blobs[key] = same.setdefault(blob, blob)
    return len(_blobs)


def _zoneinfo() -> Facade:
    if not _blobs:
        load_zones()
    asked = os.environ.get(_PATH_VARIABLE)
    os.environ.setdefault(_PATH_VARIABLE, "")
    import zoneinfo  # noqa: PLC0415 - only with the variable set

    if asked is None:
        del os.environ[_PATH_VARIABLE]
    # Not known to type(): the class itself would look for files.
    allow(zoneinfo.ZoneInfo, f"{ZONE} key", known=False)
    made: dict[str, zoneinfo.ZoneInfo] = {}

    def make(key: str) -> zoneinfo.ZoneInfo:
        if type(key) is not str:
            raise TypeError("ZoneInfo() needs a name in text, for example 'Europe/Berlin'")
        zone = made.get(key)
        if zone is None:
            blob = _blobs.get(key)
            if blob is None:
                raise zoneinfo.ZoneInfoNotFoundError(f"No time zone found with key {key!r}")
            zone = made[key] = zoneinfo.ZoneInfo.from_file(BytesIO(blob), key=key)
        return zone

    # A zone that did not come from a file of the system has no copies of its own.
    copyreg.pickle(zoneinfo.ZoneInfo, lambda zone: (make, (zone.key,)))  # pyright: ignore[reportArgumentType] - every zone here has a key.

    def available_timezones() -> set[str]:
        return set(_blobs)

    return Facade(
        "zoneinfo",
        {
            "ZoneInfo": make,
            "ZoneInfoNotFoundError": zoneinfo.ZoneInfoNotFoundError,
            "available_timezones": available_timezones,
        },
    )


BUILDERS = {"zoneinfo": _zoneinfo}
