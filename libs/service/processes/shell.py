"""A Python prompt with the service at hand."""

import code

from libs.service.running import Running


def run_shell(running: Running) -> None:
    """Open a Python prompt with the service put together."""
    names = {"running": running, "settings": running.settings, "database": running.database}
    names.update({model.__name__: model for model in running.database.models})
    banner = f"{running.service.name}: {', '.join(names)}"
    code.interact(banner=banner, local=names, exitmsg="")
