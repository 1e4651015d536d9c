"""JSON pointers: where in a body something is (RFC 6901)."""


def pointer(*steps: object, below: str = "") -> str:
    """Return the pointer of what `steps`, names of members and indexes of items, lead to; ``""`` for none.

    :param below: the pointer the steps begin at.
    """
    return below + "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def steps_of(path: str) -> list[str]:
    """Return the steps of a pointer, the inverse of `pointer`; an index of a list is text.

    :raises ValueError: if it is neither empty nor begins with ``/``.
    """
    if path and not path.startswith("/"):
        raise ValueError(f"{path!r} is no JSON pointer: it has to begin with '/'")
    return [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]
