"""Shows the whole product at work on this machine: a real server, real examples, real limits."""
