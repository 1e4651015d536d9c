"""Every call of AWS the pipeline makes, and what IAM has to allow for it.

The one list: `Api` makes no other call, ``--dry-run`` goes by it, the deploy role is held against it, and a
test holds each against botocore's description of the service.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Call:
    """One operation of one service."""

    service: str
    """As boto3 calls it."""
    operation: str
    """As AWS calls it: CreateEnvironment."""
    changes: bool
    """Whether it changes anything. ``--dry-run`` makes the others alone."""
    actions: tuple[str, ...]
    """What IAM has to allow."""


BEANSTALK, STORE, IMAGES, LOCK = "elasticbeanstalk", "s3", "ecr", "dynamodb"


def _reads(service: str, operation: str, *actions: str) -> Call:
    return Call(service, operation, False, actions or (f"{service}:{operation}",))


def _changes(service: str, operation: str, *actions: str) -> Call:
    return Call(service, operation, True, actions or (f"{service}:{operation}",))


_ALL = (
    # Needs no permission.
    Call("sts", "GetCallerIdentity", False, ()),
    _reads("cloudformation", "DescribeStacks"),
    _reads(IMAGES, "DescribeRepositories"),
    _reads(IMAGES, "DescribeImages"),
    _reads(IMAGES, "DescribeImageScanFindings"),
    # What Docker does with the token is a push: a blob is looked for, uploaded, and named by a manifest.
    _changes(
        IMAGES,
        "GetAuthorizationToken",
        "ecr:GetAuthorizationToken",
        "ecr:BatchCheckLayerAvailability",
        "ecr:InitiateLayerUpload",
        "ecr:UploadLayerPart",
        "ecr:CompleteLayerUpload",
        "ecr:BatchGetImage",
        "ecr:PutImage",
    ),
    _changes(STORE, "PutObject"),
    _reads(STORE, "ListObjectsV2", "s3:ListBucket"),
    _reads(BEANSTALK, "CheckDNSAvailability"),
    _reads(BEANSTALK, "DescribeApplications"),
    _reads(BEANSTALK, "DescribeApplicationVersions"),
    _reads(BEANSTALK, "DescribeEnvironments"),
    _reads(BEANSTALK, "DescribeEnvironmentHealth"),
    _reads(BEANSTALK, "DescribeEvents"),
    _reads(BEANSTALK, "ListAvailableSolutionStacks"),
    _reads(BEANSTALK, "RetrieveEnvironmentInfo"),
    _changes(BEANSTALK, "RequestEnvironmentInfo"),
    _changes(BEANSTALK, "CreateApplicationVersion"),
    # PassRole: of the role that Beanstalk makes and changes environments with, so that who deploys need not
    # be allowed all that is in one.
    _changes(
        BEANSTALK,
        "CreateEnvironment",
        "elasticbeanstalk:CreateEnvironment",
        "elasticbeanstalk:AddTags",
        "iam:PassRole",
    ),
    _changes(BEANSTALK, "UpdateEnvironment"),
    _changes(BEANSTALK, "SwapEnvironmentCNAMEs"),
    _changes(BEANSTALK, "TerminateEnvironment"),
    _reads(LOCK, "GetItem"),
    _changes(LOCK, "PutItem"),
    _changes(LOCK, "DeleteItem"),
)

CALLS: dict[tuple[str, str], Call] = {(call.service, call.operation): call for call in _ALL}
"""Every call, by service and operation."""


def actions() -> list[str]:
    """All that a role has to be allowed for the pipeline, sorted. What Beanstalk does for it comes on top."""
    return sorted({action for call in _ALL for action in call.actions})
