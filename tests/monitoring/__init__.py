"""Tests of what watches the services: the dashboard, the alerts, and what both go by."""
