"""Places: geometries as attributes, their cells in an index, and the operators `$geo.*`.

It needs shapely, so it is imported where it is used and not by the framework.
"""

from libs.resource.geo.attributes import CellAttribute, GeometryAttribute, GeometryField

__all__ = ["CellAttribute", "GeometryAttribute", "GeometryField"]
