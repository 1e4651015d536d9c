"""What the stacks would have made: everything a delivery finds there already."""

from typing import TYPE_CHECKING

from infra.aws import names

if TYPE_CHECKING:
    from infra.standin.aws import StandIn


def prepare(standin: "StandIn") -> None:
    """Make bucket, repositories, lock and applications of a stage."""
    stage = standin.stage
    bucket = names.bundles_bucket(stage.account, stage.region)
    s3 = standin.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": stage.region})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    ecr, beanstalk = standin.client("ecr"), standin.client("elasticbeanstalk")
    for name in [*stage.services, "proxy"]:
        ecr.create_repository(repositoryName=names.repository(name), imageTagMutability="IMMUTABLE")
    for service in stage.services:
        beanstalk.create_application(ApplicationName=names.application(service))
    standin.client("dynamodb").create_table(
        TableName=names.LOCK_TABLE,
        KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
