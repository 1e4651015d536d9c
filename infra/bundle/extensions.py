"""The .ebextensions of a bundle: the options of the environment, and what instances need besides containers.

Every option is here and none is given to CreateEnvironment, so that a review sees it and each environment of
a stage is like the other.

Source: https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/command-options-general.html
"""

from collections.abc import Mapping
from typing import Any

from infra.aws import names
from infra.aws.stage import Stage
from infra.bundle import host
from infra.bundle.capacity import architecture
from infra.bundle.compose import Role

Options = Mapping[str, Mapping[str, str | int | bool]]
"""By namespace and name."""

IDLE_SECONDS = 60
"""Less than the proxy keeps connections (65 s), so that it does not hang up just when the load balancer uses
one; and more than an answer may take."""
DEREGISTRATION_SECONDS = 30
"""As long as the longest answer lasts: a stream of events, 25 s."""
RETENTION_DAYS = 30
"""Of Beanstalk's own logs of an environment; those of containers are in the service's log group."""


def extensions(stage: Stage, service: str, role: Role) -> Mapping[str, tuple[str, Mapping[str, Any]]]:
    """What each file is about, and its content, by its name without ``.config``, as they are read."""
    web = role == "web"
    made: dict[str, tuple[str, Mapping[str, Any]]] = {
        "10-environment": (
            "The environment: its network, roles, health, logs and updates.",
            {"option_settings": environment(stage, role)},
        ),
        "20-instances": (
            "The instances, how many there are, and how they are replaced.",
            {"option_settings": instances(stage, service, role), "Resources": _cache_rule(stage)},
        ),
    }
    if web:
        made["30-load-balancer"] = (
            "The load balancer: where TLS ends, and who is asked whether it is ready.",
            {
                "option_settings": load_balancer(stage),
                **({"Resources": _REDIRECT} if stage.certificate else {}),
            },
        )
    made["40-host"] = (
        "What an instance needs besides containers.",
        {"files": host.files(role), "commands": host.commands(stage, role)},
    )
    return made


def environment(stage: Stage, role: Role) -> Options:
    """Network, roles, health, logs and updates of the platform."""
    network = stage.network
    balanced = role == "web"
    vpc: dict[str, str | int | bool] = {
        "VPCId": network.vpc,
        "Subnets": ",".join(network.instance_subnets),
        "AssociatePublicIpAddress": False,
    }
    if balanced:
        vpc |= {"ELBSubnets": ",".join(network.load_balancer_subnets), "ELBScheme": "public"}
    return {
        "aws:elasticbeanstalk:environment": {
            # Workers need no load balancer. (Beanstalk's worker tier is for a queue that it reads itself.)
            "EnvironmentType": "LoadBalanced" if balanced else "SingleInstance",
            **({"LoadBalancerType": "application"} if balanced else {}),
            "ServiceRole": names.service_role(stage.name),
        },
        "aws:ec2:vpc": vpc,
        "aws:elasticbeanstalk:healthreporting:system": {"SystemType": "enhanced"},
        "aws:elasticbeanstalk:cloudwatch:logs": {
            "StreamLogs": True,
            "DeleteOnTerminate": False,
            "RetentionInDays": RETENTION_DAYS,
        },
        "aws:elasticbeanstalk:cloudwatch:logs:health": {
            "HealthStreamingEnabled": True,
            "DeleteOnTerminate": False,
            "RetentionInDays": RETENTION_DAYS,
        },
        "aws:elasticbeanstalk:managedactions": {
            "ManagedActionsEnabled": True,
            "PreferredStartTime": "Tue:09:00",
            "ServiceRoleForManagedUpdates": "AWSServiceRoleForElasticBeanstalkManagedUpdates",
        },
        # Docker's own versions come with minor ones.
        "aws:elasticbeanstalk:managedactions:platformupdate": {
            "UpdateLevel": "minor",
            "InstanceRefreshEnabled": False,
        },
    }


def instances(stage: Stage, service: str, role: Role) -> Options:
    """The instances, how many there are, and how they are replaced."""
    fleet = stage.services[service]
    options: dict[str, Mapping[str, str | int | bool]] = {
        "aws:autoscaling:launchconfiguration": {
            "IamInstanceProfile": names.instance_profile(service, stage.name),
            "DisableIMDSv1": True,
            # Nobody: who has to be there comes by Systems Manager.
            "SSHSourceRestriction": "tcp,22,22,127.0.0.1/32",
            "RootVolumeType": "gp3",
            "RootVolumeSize": 16,
        },
        "aws:ec2:instances": {
            "InstanceTypes": fleet.instance_type,
            "SupportedArchitectures": architecture(fleet.instance_type),
            "EnableSpot": False,
        },
        # Within one environment (platform updates, changed options, new versions of workers) new instances
        # are tried beside the old ones; if they do not become well they go, and the old ones never stopped.
        "aws:elasticbeanstalk:command": {"DeploymentPolicy": "Immutable", "Timeout": 900},
        "aws:autoscaling:updatepolicy:rollingupdate": {
            "RollingUpdateEnabled": True,
            "RollingUpdateType": "Immutable",
            "Timeout": "PT30M",
        },
    }
    if role == "web":
        options |= {
            "aws:autoscaling:asg": {"MinSize": fleet.smallest, "MaxSize": fleet.largest, "Cooldown": 360},
            "aws:autoscaling:trigger": {
                "MeasureName": "CPUUtilization",
                "Statistic": "Average",
                "Unit": "Percent",
                "Period": 5,
                "EvaluationPeriods": 1,
                "BreachDuration": 5,
                "UpperThreshold": 60,
                "UpperBreachScaleIncrement": 1,
                "LowerThreshold": 25,
                "LowerBreachScaleIncrement": -1,
            },
        }
    return options


def load_balancer(stage: Stage) -> Options:
    """Where TLS ends, and who is asked whether it is ready."""
    options: dict[str, Mapping[str, str | int | bool]] = {
        "aws:elbv2:loadbalancer": {"IdleTimeout": IDLE_SECONDS},
        "aws:elasticbeanstalk:environment:process:default": {
            "Port": 80,
            "Protocol": "HTTP",
            "HealthCheckPath": "/health/ready",
            "MatcherHTTPCode": "200",
            "HealthCheckInterval": 10,
            "HealthCheckTimeout": 5,
            "HealthyThresholdCount": 2,
            "UnhealthyThresholdCount": 3,
            "DeregistrationDelay": DEREGISTRATION_SECONDS,
            "StickinessEnabled": False,
        },
        "aws:elbv2:listener:default": {"ListenerEnabled": True, "Protocol": "HTTP"},
    }
    if stage.certificate:
        options["aws:elbv2:listener:443"] = {
            "ListenerEnabled": True,
            "Protocol": "HTTPS",
            "SSLCertificateArns": stage.certificate,
            "SSLPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
            "DefaultProcess": "default",
        }
    return options


def _cache_rule(stage: Stage) -> dict[str, Any]:
    """Let the instances of this environment, and with it no longer than there is one, into the cache.

    CloudFormation itself reads the parameter, so that no id has to be copied from one stack to another.
    """
    return {
        "CacheRule": {
            "Type": "AWS::EC2::SecurityGroupIngress",
            "Properties": {
                "GroupId": f"{{{{resolve:ssm:{names.cache_group(stage.name)}}}}}",
                "SourceSecurityGroupId": {"Fn::GetAtt": ["AWSEBSecurityGroup", "GroupId"]},
                "IpProtocol": "tcp",
                "FromPort": 6379,
                "ToPort": 6379,
                "Description": "An environment of Beanstalk",
            },
        }
    }


# There is no option for it. The listener of port 80 is Beanstalk's own: what is named here takes the place of
# what it would say. (awsdocs/elastic-beanstalk-samples, alb-http-to-https-redirection.config)
_REDIRECT = {
    "AWSEBV2LoadBalancerListener": {
        "Type": "AWS::ElasticLoadBalancingV2::Listener",
        "Properties": {
            "LoadBalancerArn": {"Ref": "AWSEBV2LoadBalancer"},
            "Port": 80,
            "Protocol": "HTTP",
            "DefaultActions": [
                {
                    "Type": "redirect",
                    "RedirectConfig": {
                        "Protocol": "HTTPS",
                        "Port": "443",
                        "Host": "#{host}",
                        "Path": "/#{path}",
                        "Query": "#{query}",
                        "StatusCode": "HTTP_301",
                    },
                }
            ],
        },
    }
}
