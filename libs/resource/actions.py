"""The actions a resource can be put together from."""

from urllib.parse import quote

from libs.api import Result
from libs.jwt import Caller
from libs.resource.document import JSON, operation, page_parameters, where_parameter
from libs.resource.resource import Action, Body, ModelResource


class List(ModelResource):
    """``GET /todos``: one's rows, page by page."""

    def actions(self) -> list[Action]:
        described = operation(
            f"list_{self.singular}s",
            f"List one's {self.singular}s, oldest first",
            answer=(200, "A page.", f"{self.name}Page"),
            parameters=[
                *page_parameters(self.default_limit, self.largest_limit),
                *([where_parameter(self.queryable)] if self.queryable else []),
            ],
        )
        return [*super().actions(), Action("get", False, described, self.list)]

    def list(self, limit: int, cursor: str | None, caller: Caller, where: str | None = None) -> JSON:
        """Return ``{"items": […], "next": cursor or None}``.

        :param where: see `libs.resource.where`.
        :raises InvalidParameters: for a cursor that is not of this list, and for what is wrong with `where`.
        """
        partition, query = self.admit("list", caller), where or ""
        wanted = self.where.parse(where) if where else None
        after = None if cursor is None else self.cursors.read(self.name, partition, cursor, query=query)
        rows, last = self.store.page(
            partition, limit=limit, after=after, wanted=wanted, most_examined=self.most_examined
        )
        following = None if last is None else self.cursors.sign(self.name, partition, last, query=query)
        return {"items": [self.represent(row) for row in rows], "next": following}


class Create(ModelResource):
    """``POST /todos``"""

    def actions(self) -> list[Action]:
        described = operation(
            f"create_{self.singular}",
            f"Create a {self.singular}",
            answer=(201, "What was created.", self.name),
            body=f"New{self.name}",
        )
        return [*super().actions(), Action("post", False, described, self.create)]

    def create(self, body: Body, caller: Caller) -> Result:
        """Store a new row of the caller's.

        :raises Conflict: RESOURCE_EXISTS.
        """
        partition = self.admit("create", caller)
        row = self.store.new(partition, {**self.load(body), **self.stamps(self.created, self.updated)})
        self.store.create(row)
        location = f"{self.path}/{quote(self.store.key_of(row), safe='')}"
        return Result(self.represent(row), headers={"Location": location})


class Retrieve(ModelResource):
    """``GET /todos/{key}``"""

    def actions(self) -> list[Action]:
        described = operation(
            f"get_{self.singular}",
            f"Read a {self.singular}",
            answer=(200, f"The {self.singular}.", self.name),
            on_row=True,
        )
        return [*super().actions(), Action("get", True, described, self.retrieve)]

    def retrieve(self, key: str, caller: Caller) -> JSON:
        """Return one row of the caller's.

        :raises NotFound: if there is none, or it is somebody else's.
        """
        return self.represent(self.store.get(self.admit("retrieve", caller), key))


class Update(ModelResource):
    """``PATCH /todos/{key}``"""

    def actions(self) -> list[Action]:
        described = operation(
            f"update_{self.singular}",
            f"Change the sent fields of a {self.singular}",
            answer=(200, f"The changed {self.singular}.", self.name),
            body=f"{self.name}Changes",
            on_row=True,
        )
        return [*super().actions(), Action("patch", True, described, self.update)]

    def update(self, key: str, body: Body, caller: Caller) -> JSON:
        """Change the attributes sent, and no others.

        :raises NotFound: if there is no such row, or it is somebody else's.
        """
        partition = self.admit("update", caller)
        changes = {**self.load(body, partial=True), **self.stamps(self.updated)}
        return self.represent(self.store.update(partition, key, changes))


class Delete(ModelResource):
    """``DELETE /todos/{key}``"""

    def actions(self) -> list[Action]:
        described = operation(
            f"delete_{self.singular}",
            f"Delete a {self.singular}",
            answer=(204, "It is gone.", None),
            on_row=True,
        )
        return [*super().actions(), Action("delete", True, described, self.delete)]

    def delete(self, key: str, caller: Caller) -> Result:
        """Delete one row of the caller's.

        :raises NotFound: if there is none, or it is somebody else's.
        """
        self.store.delete(self.admit("delete", caller), key)
        return Result(status=204)
