"""LocalEmu with functions as processes; it runs in an environment of its own."""
