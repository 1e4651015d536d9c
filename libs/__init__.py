"""What every service stands on; no lib knows a service."""
