"""Package kubernetes: 1.x runs one cluster on agents, with kubelets on a network by name; 2.x, the engine, knows no such option."""

from __future__ import annotations

from .etcd import sdk_app
from .package import Json, Package, app_template, flag, group, integer, number, schema, text

# Version, release index, first DC/OS.
ONE = (("1.0.0-1.9.3", 0), ("1.1.0-1.10.3", 100), ("1.2.0-1.10.5", 300), ("1.3.0-1.10.8", 800), ("1.3.1-1.10.8", 1000))
ENGINE = (("2.0.0-1.12.1", 2000),)


def _service(name: str) -> Json:
    return group(
        {
            "name": text(name, "The name of the service."),
            "service_account": text("", "The account's name."),
            "service_account_secret": text("", "Where its key is."),
            "log_level": text("INFO", "The scheduler's."),
        },
        ("name",),
    )


ONE_CONFIG = schema(
    {
        "service": _service("kubernetes"),
        "kubernetes": group(
            {
                "high_availability": flag(False, "Three of every control plane task."),
                "network_provider": text("dcos", "The DC/OS network of the kubelets' containers."),
                "service_cidr": text("10.100.0.0/16", "The range of service addresses."),
                "node_count": integer(1, "How many private nodes.", minimum=0),
                "public_node_count": integer(0, "How many public nodes.", minimum=0),
                "cloud_provider": text("(none)", "Cloud provider.", enum=["(none)", "aws"]),
                "reserved_resources": group(
                    {
                        name: number(value)
                        for name, value in (("kube_cpus", 2), ("kube_mem", 2048), ("kube_disk", 10240))
                    }
                ),
            },
            ("network_provider", "node_count"),
        ),
        **{
            part: group({"cpus": number(0.5), "mem": number(512)})
            for part in ("etcd", "scheduler", "controller_manager", "apiserver", "kube_proxy")
        },
    },
    ("service", "kubernetes"),
)
ENGINE_CONFIG = schema({"service": _service("kubernetes")}, ("service",))
_CHECKS: list[Json] = [
    {
        "protocol": "HTTP",
        "path": path,
        "portIndex": 0,
        "gracePeriodSeconds": 900,
        "intervalSeconds": 30,
        "maxConsecutiveFailures": 0,
    }
    for path in ("/v1/plans/deploy", "/v1/plans/recovery")
]
_MARKS = {
    "@NAME@": "service.name", "@HA@": "kubernetes.high_availability", "@NETWORK@": "kubernetes.network_provider", "@NODES@": "kubernetes.node_count",
    "@PUBLIC@": "kubernetes.public_node_count",
}  # fmt: skip
ONE_ENV = {
    "PACKAGE_NAME": "kubernetes",
    "HIGH_AVAILABILITY": "@HA@",
    "NETWORK_PROVIDER": "@NETWORK@",
    "NODE_COUNT": "@NODES@",
    "PUBLIC_NODE_COUNT": "@PUBLIC@",
}
ENGINE_ENV = {"PACKAGE_NAME": "kubernetes", "NODE_COUNT": "0"}


def packages() -> list[Package]:
    about = "Kubernetes on DC/OS."
    one = [
        Package(
            "kubernetes",
            version,
            index,
            about,
            ONE_CONFIG,
            app_template(sdk_app("@NAME@", ONE_ENV, _CHECKS), _MARKS),
            min_dcos="1.11",
        )
        for version, index in ONE
    ]
    engine = [
        Package(
            "kubernetes",
            version,
            index,
            about,
            ENGINE_CONFIG,
            app_template(sdk_app("@NAME@", ENGINE_ENV, _CHECKS), _MARKS),
            min_dcos="1.12",
        )
        for version, index in ENGINE
    ]
    return one + engine
