"""What came back from a guest, believed no further than it can be checked, and what it means."""
