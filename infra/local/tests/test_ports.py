import pytest

from infra.local.errors import LocalError
from infra.local.ports import Ports, ports_from_json, read_ports


def test_each_port_has_a_default_and_a_variable():
    assert read_ports({}) == Ports(auth=8101, profiles=8102, todos=8103, dynamodb=8109, redis=8110)
    assert read_ports({"TODOS_PORT": "9000", "AUTH_PORT": ""}).todos == 9000


@pytest.mark.parametrize("text", ["x", "0", "65536", "-1", "8101.5", "٣"])
def test_what_is_no_port_is_named(text: str):
    with pytest.raises(LocalError, match=r"^TODOS_PORT=.* is no port"):
        read_ports({"TODOS_PORT": text})


def test_one_port_for_two_is_refused():
    with pytest.raises(LocalError, match="AUTH_PORT and REDIS_PORT are both 8101"):
        read_ports({"REDIS_PORT": "8101"})


def test_they_survive_json_and_name_urls():
    ports = read_ports({"REDIS_PORT": "9010"})
    assert ports_from_json(ports.as_dict()) == ports
    assert ports.url("redis") == "redis://127.0.0.1:9010/0"
    assert ports.url("auth") == "http://127.0.0.1:8101"
    assert ports.as_environment()["REDIS_PORT"] == "9010"
