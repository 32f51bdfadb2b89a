"""Everyone who takes part in `python -m bench call`."""
