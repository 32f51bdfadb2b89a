"""Push: providers tell that something changed, and all that they bring about is an earlier look."""
