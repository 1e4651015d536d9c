"""Ways to run a bundle on this machine."""
