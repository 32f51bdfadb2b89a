"""Measures calls, limits, HTTP and records side by side; prints ratios, never verdicts."""
