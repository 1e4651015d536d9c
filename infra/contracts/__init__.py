"""Looks after apis/published/: lint, breaking changes, and the clients made of it (docs/publishing.md)."""
