"""How an environment is: what it answers where its load balancer asks."""

import http.client

from infra.standin.beanstalk.records import Environment

PATH = ("aws:elasticbeanstalk:environment:process:default", "HealthCheckPath")
SECONDS = 5.0


def what_ails(environment: Environment) -> str | None:
    """Return why an environment is not well, in Beanstalk's words; None if it is."""
    deployment = environment.deployment
    if deployment is None:
        return "There are no instances."
    fault = deployment.fault()
    if fault:
        return fault
    address = deployment.address
    if address is None:
        return None
    connection = http.client.HTTPConnection(*address, timeout=SECONDS)
    try:
        connection.request(
            "GET", environment.options.get(PATH, "/"), headers={"User-Agent": "ELB-HealthChecker/2.0"}
        )
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        return "ELB health is failing or not available for all instances."
    finally:
        connection.close()
    if answer.status == 200:
        return None
    codes = f"Health checks failed with these codes: [{answer.status}]."
    return f"ELB processes are not healthy on all instances: {codes}"
