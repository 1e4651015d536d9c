"""Accounts, log-in, and the keys that tokens are verified with."""
