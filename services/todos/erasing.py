"""Erasing everything that somebody has here, bit by bit, for whoever deletes their account."""

import time

from libs.api import forget_requests, models
from libs.errors import NotFound
from libs.resource import Extent
from services.todos.exports import delete_export
from services.todos.models import ErasedOwner, Export
from services.todos.resources import TodoResource

SECONDS = 1.5
"""How long one request may erase; callers wait for an answer for three seconds."""


def erase(body: models.todos.Erasure, resource: TodoResource) -> models.todos.Erased:
    """Erase todos, exports and kept answers of a user until there are none, or the time is up.

    For users who go. It may be asked again at any time, also where an answer was lost. What is counted of
    todos follows. From the first time on exports of the user leave nothing, whenever they were asked for, for
    90 days (`ErasedOwner`).
    """
    ErasedOwner(body.owner).save()
    deadline, erased = time.monotonic() + SECONDS, 0
    store, extent = resource.store, Extent.of({"owner": body.owner})
    for row in store.all_rows(extent):
        try:
            store.delete(store.key_of(row), extent)
        except NotFound:
            continue  # by another request
        erased += 1
        if time.monotonic() > deadline:
            return models.todos.Erased(erased=erased, more=True)
    for export in Export.by_owner.query(body.owner):
        delete_export(export)
        erased += 1
        if time.monotonic() > deadline:
            return models.todos.Erased(erased=erased, more=True)
    return models.todos.Erased(erased=erased, more=not forget_requests(body.owner, until=deadline))
