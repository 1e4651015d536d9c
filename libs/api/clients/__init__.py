"""Calling other services by their contracts."""
