"""Requests that are sent again and done once: the header Idempotency-Key."""
