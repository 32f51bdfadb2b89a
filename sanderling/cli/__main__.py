"""`python -m sanderling.cli` is the `sanderling` command."""

from sanderling.cli.app import main

main()
