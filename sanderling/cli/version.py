"""`sanderling version`: which release this is."""

from importlib.metadata import version as version_of

from sanderling.cli.options import AsJSON


def version(*, as_json: AsJSON = False) -> int:
    """Show which release this is."""
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - keeps --help quick.

    release = version_of("sanderling")
    Screen(as_json=as_json).show(
        {"version": release}, lambda terminal: terminal.print(f"sanderling {release}")
    )
    return 0
