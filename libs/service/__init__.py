"""What turns a folder in services/ into running processes.

A service declares itself in ``services/<name>/service.py``::

    service = Service("todos", settings=TodosSettings, models=[Todo], tasks=[export], provide=provide)

and ``python -m libs.service web|worker|beat`` runs it, with settings from the environment (`Settings`),
structured logs, health, the contract in ``apis/<name>.yaml`` and problem+json for every error.
"""

from libs.service.running import Running
from libs.service.service import Service
from libs.service.settings import Secret, Settings, SettingsError, load_settings, setting, strong_secret
from libs.service.web import ClientAddress, UserAgent

__all__ = [
    "ClientAddress",
    "Running",
    "Secret",
    "Service",
    "Settings",
    "SettingsError",
    "UserAgent",
    "load_settings",
    "setting",
    "strong_secret",
]
