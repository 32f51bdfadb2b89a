"""Shares what many compete for: caps that hold, and turns that no noisy workspace can take."""
