"""What Elastic Beanstalk is given of a service: a compose file, and the options of its environment.

A bundle is for one service, one stage and one commit. It holds no code, no image and no secret: images are
named by their digest, secrets by config/<stage>.yaml, and each service fetches its own when it starts.
"""

from infra.bundle.compose import Role
from infra.bundle.images import Images
from infra.bundle.writing import write_bundle

__all__ = ["Images", "Role", "write_bundle"]
