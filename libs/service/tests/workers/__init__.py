"""Tests of tasks by real workers."""
