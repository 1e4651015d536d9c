"""Uses the clients as another program would. `mypy --strict` has to take it as it is: what has a
`type: ignore` must be refused, or the comment itself is an error.
"""

from profiles_client import AuthenticatedClient
from profiles_client.api.profiles import get_profile, update_profile
from profiles_client.models import Profile, ProfileChanges
from todos_client import AuthenticatedClient as TodosClient
from todos_client.api.todo import create_todo, list_todos
from todos_client.models import NewTodo, TodoPage

profiles = AuthenticatedClient("http://localhost:8002", token="…")
todos = TodosClient("http://localhost:8003", token="…")


def right_use() -> str:
    """Read and change a profile; list todos."""
    profile = get_profile.sync("me", client=profiles)
    if not isinstance(profile, Profile):
        raise TypeError(profile)
    update_profile.sync(profile.profile_id, client=profiles, body=ProfileChanges(name="Ada"))
    page = list_todos.sync(client=todos, limit=10)
    if not isinstance(page, TodoPage):
        raise TypeError(page)
    return page.items[0].title


def wrong_use() -> None:
    """What must not pass."""
    get_profile.sync(client=profiles)  # type: ignore[call-arg]
    ProfileChanges(name=1)  # type: ignore[arg-type]
    NewTodo()  # type: ignore[call-arg]
    create_todo.sync(client=todos, body=ProfileChanges())  # type: ignore[arg-type]
    list_todos.sync(client=todos, limit="10")  # type: ignore[arg-type]
