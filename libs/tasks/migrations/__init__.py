"""Migrations: changing what is stored already, page by page, while the service goes on.

::

    @migration(Todo)
    def fill_list(todo: Todo) -> Edit | None:
        return None if todo.list else Edit(Todo.list.set("inbox"))

    service = Service("todos", models=[Todo], tasks=[fill_list])

    python -m libs.service migrations start services.todos.migrations.fill_list

The modules::

    progress    the row that tells how far each part of a table is
    running     @migration: the task that does page after page
    commands    what operators see and do
"""

from libs.tasks.migrations.running import Edit, Migration, migration

__all__ = ["Edit", "Migration", "migration"]
