"""Words everyone shares: ids, clock, events, error root; standard library only."""
