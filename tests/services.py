"""The services of this repository, and what each is told where it only has to start."""

from dataclasses import MISSING, fields

from libs.service import Secret, Service, Settings
from libs.service.contracts import services
from libs.service.testing import SECRET, environment

SERVICES = services()
_MORE = {
    "auth": {
        "key_secret": SECRET,
        "mail_folder": "unused",
        "address_tries": "100000",
        "sign_up_tries": "100000",
    }
}


def environment_of(name: str) -> dict[str, str]:
    """Return the environment of a service: tables of its own, and something for each setting it must be told.

    A secret is a text that is long enough, another service is nowhere. What a service has to be told beyond
    that stands in the table above.
    """
    common = {one.name for one in fields(Settings)}
    told = {
        one.name: "only-for-tests-and-32-characters-long"
        if one.type is Secret
        else f"http://{one.name.removesuffix('_url')}.test"
        for one in fields(Service.named(name).settings_class)
        if one.default is MISSING and one.name not in common
    }
    return environment(name, **{**told, **_MORE.get(name, {})})
