"""Typed objects of a contract."""
