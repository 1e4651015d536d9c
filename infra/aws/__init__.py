"""What everything about AWS shares: the stages, the names of things there, and how its API is called."""
