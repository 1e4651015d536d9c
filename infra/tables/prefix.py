"""What the names of a service's tables begin with in a stage."""

from infra.aws.errors import AwsError
from libs.service import Service


def table_prefix(stage: str, service: str) -> str:
    """Return ``table_prefix`` as config/<stage>.yaml tells it to a service.

    Raises:
        AwsError: there is no such file, or its prefix is wrong.
    """
    environ = {"APP_SERVICE": service, "APP_ENVIRONMENT": stage}
    reading = Service.named(service).read_settings(environ, fetch=False)
    prefix = reading.values.get("table_prefix")
    about = [one for one in reading.faults if "ENVIRONMENT" in one or "table_prefix" in one]
    if about or not isinstance(prefix, str):
        raise AwsError(f"the tables of {service} in {stage}: {'; '.join(about) or 'table_prefix is wrong'}")
    return prefix
