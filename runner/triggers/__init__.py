"""Turns what happens elsewhere into calls: HTTP requests and changes of records."""
