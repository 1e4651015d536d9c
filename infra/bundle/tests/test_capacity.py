import pytest

from infra.aws.errors import AwsError
from infra.bundle.capacity import HOST, architecture, limits, memory


@pytest.mark.parametrize(
    ("instance_type", "mebibytes"),
    [
        ("t4g.small", 2048),
        ("t3.medium", 4096),
        ("m7g.large", 8192),
        ("m6i.4xlarge", 65536),
        ("c7g.medium", 2048),
        ("c6a.xlarge", 8192),
        ("r6g.large", 16384),
    ],
)
def test_the_memory_of_types(instance_type: str, mebibytes: int) -> None:
    """As https://aws.amazon.com/ec2/instance-types/ tells it."""
    assert memory(instance_type) == mebibytes


@pytest.mark.parametrize("instance_type", ["x2gd.large", "t4g.huge", "t4g.metal", "p5.48xlarge"])
def test_a_type_that_is_not_known_is_told(instance_type: str) -> None:
    with pytest.raises(AwsError, match=f"instance_type {instance_type}: its memory is not known"):
        memory(instance_type)


@pytest.mark.parametrize(("instance_type", "processor"), [("t4g.small", "arm64"), ("t3.small", "x86_64")])
def test_the_processor_of_types(instance_type: str, processor: str) -> None:
    assert architecture(instance_type) == processor


def test_all_limits_together_leave_room_for_the_host() -> None:
    given = limits("t4g.small", ["web", "worker", "beat", "proxy"])
    assert sum(given.values()) <= 2048 - HOST
    assert given["web"] == given["worker"] >= 512
