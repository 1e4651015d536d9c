"""Restart services under load, one instance after the other, and count what fails."""
