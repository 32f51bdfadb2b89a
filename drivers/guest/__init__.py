"""Runs inside the sandbox: the zygote, its workers and the walls around them."""
