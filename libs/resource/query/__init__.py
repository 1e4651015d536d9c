"""From what a client asks to the cheapest way to its rows."""
