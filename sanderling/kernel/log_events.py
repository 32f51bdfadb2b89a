"""Every event that is logged, and what it means; the docs and a test read this table."""

from collections.abc import Mapping

LOG_EVENTS: Mapping[str, str] = {
    "call.refused": "A call was turned away at a station before the driver; `code` says why.",
    "call_log.delayed": "Records of calls wait in memory because the database takes no writes.",
    "call_log.dropped": "Records of calls are being lost: too many wait, or the log had to close.",
    "call_log.failed": "Writing records of calls met a defect; it is tried again.",
    "call_log.recovered": "Records of calls are written again; `dropped` says how many were lost.",
    "call_record.rejected": "The database refused one record of a call; it alone is lost.",
    "draft.saved": "The draft of a function was replaced.",
    "driver.failed": "The driver could not start; calls get an outcome that says so.",
    "driver.raised": "The driver raised where it should have answered; the call got an outcome.",
    "function.created": "A function was made.",
    "function.deleted": "A function was removed with its versions.",
    "function.published": "A draft became a version, or an equal version became live again.",
    "function.rolled-back": "An earlier version of a function was made live.",
    "key.created": "An API key was made.",
    "key.revoked": "An API key was revoked.",
    "library.reported": "A library wrote a log line of its own; `logger` and `message` tell.",
    "request.failed": "A request met a fault; the traceback and the problem's `code` tell which.",
    "request.finished": "A request was answered; `problem` is the code of its problem, if any.",
    "sandbox.omitted": "Functions run without isolation, as the development switch asks.",
    "sandbox.violated": "User code tried a forbidden system call or broke the protocol.",
    "server.started": "The server accepts requests.",
    "server.stopped": "The server finished its calls and closed what it held.",
    "source.not-compiled": "A source was too much for the compiler; `ending` says how.",
    "worker.lost": "A worker that nobody used ended by itself; another one takes its place.",
    "worker.not-forked": "The zygote could not fork; `errno` says why.",
    "zygote.lost": "The parent of all workers ended unasked; a new one is started at once.",
    "zygote.not-started": "A new zygote did not get ready; it is tried again, with longer pauses.",
    "zygote.restarted": "A new zygote took the place of a lost one.",
}
