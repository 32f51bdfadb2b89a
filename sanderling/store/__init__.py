"""Implements the rooms' ports on SQL; owns migrations."""
