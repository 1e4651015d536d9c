"""Black-box acceptance tests: HTTP only, the same files against every deployment."""
