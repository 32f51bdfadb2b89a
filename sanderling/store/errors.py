"""Why a database is not used, and what broke in it."""

from typing import ClassVar

from sanderling.kernel.errors import Fault, Refusal


class DatabaseURLRefused(Refusal):
    """The database URL cannot be used: {reason}.

    Write `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`.
    """

    code: ClassVar[str] = "database_url_refused"

    def __init__(self, *, reason: str) -> None:
        """Keep a reason that holds no part of the URL but its scheme."""
        super().__init__(reason=reason)


class DatabaseNewer(Refusal):
    """The database was made by a newer release: its schema is {found}, this one knows {known}.

    Start the newer release again, or restore a backup from before it ran.
    """

    code: ClassVar[str] = "database_newer"

    def __init__(self, *, found: str, known: str) -> None:
        """Keep both schema revisions."""
        super().__init__(found=found, known=known)


class StoreError(Fault):
    """The database refused a statement ({kind}).

    Nothing was changed. This is a defect: report it with the lines of the log around it.
    """

    code: ClassVar[str] = "store_fault"

    def __init__(self, *, kind: str) -> None:
        """Keep the driver's name for it; the driver's text may quote rows and stays out."""
        super().__init__(kind=kind)


class ProbeLostError(Fault):
    """Nothing that is sent with NOTIFY comes back.

    Connect to PostgreSQL itself, or through a pooler in session mode; until then polling finds
    new revisions.
    """

    code: ClassVar[str] = "probe_lost"
