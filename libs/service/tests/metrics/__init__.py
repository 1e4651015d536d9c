"""Tests of what a service counts, and of how it is told."""
