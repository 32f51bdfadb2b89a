"""Looks at what this machine offers to a sandbox, by trying and by reading, for `doctor`."""
