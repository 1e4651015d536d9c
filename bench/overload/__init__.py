"""Ask for more than a web process can do, and look at what becomes of it."""
