"""What the operations of a document use of its components."""

from typing import Any


def keep_reachable(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document without the components that nothing refers to, directly or by way of others."""
    components = document.get("components", {})
    kept: set[tuple[str, str]] = {("securitySchemes", name) for name in components.get("securitySchemes", {})}
    rest = {key: value for key, value in document.items() if key != "components"}
    waiting = list(_references(rest))
    while waiting:
        place = waiting.pop()
        if place not in kept and place[1] in components.get(place[0], {}):
            kept.add(place)
            waiting += _references(components[place[0]][place[1]])
    left = {
        kind: {name: value for name, value in named.items() if (kind, name) in kept}
        for kind, named in components.items()
    }
    return {**rest, "components": {kind: named for kind, named in left.items() if named}}


def _references(value: Any) -> set[tuple[str, str]]:
    """Return the components that a part of a document refers to: kind and name."""
    if isinstance(value, list):
        return {place for one in value for place in _references(one)}
    if not isinstance(value, dict):
        return set()
    found = {place for one in value.values() for place in _references(one)}
    steps = value["$ref"].split("/") if isinstance(value.get("$ref"), str) else []
    if steps[:2] == ["#", "components"] and len(steps) >= 4:
        found.add((steps[2], steps[3].replace("~1", "/").replace("~0", "~")))
    return found
