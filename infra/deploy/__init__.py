"""From a commit to a live environment, and back: ``make deploy``, ``rollback``, ``status``, ``cleanup``."""
