"""Contracts as documents: read, checked, and made OpenAPI 3.1."""
