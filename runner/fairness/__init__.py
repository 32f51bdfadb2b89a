"""Lets calls to the driver in fair order, and turns away those that no room was found for."""
