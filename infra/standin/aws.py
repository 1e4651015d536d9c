"""Everything of AWS that a delivery speaks to, on this machine, for the length of a with-block."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError
from werkzeug.wrappers import Request, Response

from infra.aws.stage import Stage, load_stage
from infra.local.ports import HOST
from infra.standin.beanstalk.account import Account, Storage
from infra.standin.beanstalk.estate import Estate, Pace
from infra.standin.beanstalk.life import Life
from infra.standin.beanstalk.service import Beanstalk
from infra.standin.faults import Faults
from infra.standin.front import Call, Front
from infra.standin.images import Images
from infra.standin.loadbalancer import LoadBalancer
from infra.standin.prepare import prepare
from infra.standin.registry import Registry
from infra.standin.runners.runner import Runner
from infra.standin.runners.scripted import Scripted
from infra.standin.servers import moto_server, serving

STAGES = Path(__file__).parent / "stages"
KEY = "AKIASTANDIN000000000"
"""Of who delivers; a test may have it expire."""
SERVICE_KEY = "AKIASTANDIN000000002"
"""Of services that run here."""
_OWN_KEY = "AKIASTANDIN000000001"
"""Of Beanstalk and the registry themselves: none of a test's rules is for them."""
SECRET = "standin"  # noqa: S105 - nobody looks at it


@dataclass(frozen=True)
class StandIn:
    """A stand-in that is up.

    :ivar environment: what a process is told to find it, and to find nothing else of AWS.
    :ivar stages: the folder of its stages.
    :ivar faults: what calls fail with, and which there were.
    :ivar estate: what there is in Beanstalk.
    :ivar images: what ECR's scans find.
    :ivar registry: host and port, as docker knows it.
    :ivar client: makes a client of boto3 for a service, with the rights of who delivers.
    """

    stage: Stage
    stages: Path
    environment: Mapping[str, str]
    faults: Faults
    estate: Estate
    images: Images
    registry: str
    client: Callable[[str], Any]


@contextmanager
def standin_aws(
    runner: Runner | None = None,
    *,
    pace: Pace | None = None,
    stages: Path = STAGES,
    stage: str = "staging",
    hosts: Sequence[str] = (HOST,),
    dynamodb: str | None = None,
) -> Iterator[StandIn]:
    """Start a stand-in, with what the stacks would have made in it.

    :param runner: of environments; one that runs nothing if absent (`Scripted`).
    :param pace: how long things take.
    :param hosts: the addresses of this machine that load balancers listen on.
    :param dynamodb: where DynamoDB Local is, if moto is not to be it.
    """
    loaded = load_stage(stage, stages)
    faults, images = Faults(loaded.account, {KEY, SERVICE_KEY}), Images()
    with ExitStack() as stack:
        moto = stack.enter_context(moto_server(loaded.account))
        balancer = LoadBalancer(hosts)
        stack.callback(balancer.close)
        estate = Estate(loaded.region, loaded.account, balancer)
        life = Life(estate, runner or Scripted(), pace or Pace())
        stack.callback(life.close)
        own = _client("s3", loaded.region, moto, _OWN_KEY)
        beanstalk = Beanstalk(Account(estate, life, _storage(own, estate)))

        def call_beanstalk(call: Call, request: Request) -> Response:
            status, body = beanstalk.call(call.form)
            return Response(body, status, content_type="text/xml")

        front = Front(
            moto,
            faults,
            {"elasticbeanstalk": call_beanstalk, "ecr": images.answer},
            {"ecr": images.rewrite},
            {"dynamodb": dynamodb} if dynamodb else {},
        )
        stack.callback(front.close)
        endpoint = f"http://{HOST}:{stack.enter_context(serving(front))}"
        registry = stack.enter_context(
            Registry.serving(_client("ecr", loaded.region, moto, _OWN_KEY), images)
        )
        images.registry = registry
        client = cache(lambda service: _client(service, loaded.region, endpoint, KEY))
        told = environment(endpoint, loaded.region)
        standin = StandIn(loaded, stages, told, faults, estate, images, registry, client)
        prepare(standin)
        faults.clear()
        yield standin


def environment(endpoint: str, region: str) -> dict[str, str]:
    """Return what a process is told to find the stand-in, and nothing else of AWS."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ENDPOINT_URL_ELASTIC_BEANSTALK": endpoint,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def _client(service: str, region: str, endpoint: str, key: str) -> Any:
    session = boto3.Session(aws_access_key_id=key, aws_secret_access_key=SECRET, region_name=region)
    return session.client(service, endpoint_url=endpoint)


def _storage(s3: Any, estate: Estate) -> Storage:
    def read(bucket: str, key: str) -> bytes:
        try:
            content: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError:
            raise LookupError("Not Found") from None
        return content

    def write(key: str, text: str) -> str:
        bucket = f"elasticbeanstalk-{estate.region}-{estate.account}"
        with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": estate.region})
        s3.put_object(Bucket=bucket, Key=key, Body=text.encode())
        link: str = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})
        return link

    return Storage(read, write)
