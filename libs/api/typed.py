"""`models` and `Clients`, as services see them; `make contracts` writes their types to typed.pyi."""

from libs.api.clients.clients import Clients
from libs.api.objects.folder import models

__all__ = ["Clients", "models"]
