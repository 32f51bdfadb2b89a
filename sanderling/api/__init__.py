"""HTTP to call, outcome to problem+json; no rules."""
