"""Runs untrusted source under limits and reports what happened; knows no user, setting or HTTP."""
