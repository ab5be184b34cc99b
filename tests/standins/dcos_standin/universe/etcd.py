"""Package etcd: 0.0.2 and 0.0.3 are etcd-mesos, 0.1.0-3.3.12 is another product of the same name."""

from __future__ import annotations

from .package import Json, Package, app_template, flag, group, integer, number, schema, text

MESOS_CONFIG = schema(
    {
        "etcd": group(
            {
                "framework-name": text("etcd", "The name of the framework, and of its Marathon app."),
                "dns-suffix": text(".marathon.mesos", "What the scheduler's own name ends in."),
                "admin-port": text("$PORT0", "Where the scheduler's HTTP server listens."),
                "cpus": number(0.2, "Processors of the scheduler.", minimum=0.0),
                "mem": number(128.0, "Memory of the scheduler (MB).", minimum=16.0),
                "cpu-limit": number(1, "Processors of a member.", minimum=0.0),
                "mem-limit": number(2048, "Memory of a member (MB).", minimum=16.0),
                "disk-limit": number(4096, "Disk of a member (MB).", minimum=64.0),
                "cluster-size": integer(3, "How many members.", minimum=1),
                "auto-reseed": flag(True, "Start over from one member after a quorum was lost for long."),
                "reseed-timeout": integer(240, "How long (seconds).", minimum=1),
                "logging-verbosity": integer(1, "0 to 5.", minimum=0),
                "zk": text("zk://master.mesos:2181/etcd", "Where the scheduler keeps its state."),
            },
            (
                "framework-name", "dns-suffix", "admin-port", "cpus", "mem", "cpu-limit", "mem-limit", "disk-limit", "cluster-size", "auto-reseed",
                "reseed-timeout", "logging-verbosity", "zk",
            ),
        ),
        "mesos": group({"master": text("zk://master.mesos:2181/mesos", "Where Mesos' leader is found.")}, ("master",)),
    },
    ("mesos", "etcd"),
)  # fmt: skip

MESOS_TEMPLATE = app_template(
    {
        "id": "/@NAME@",
        "cpus": "=@CPUS@",
        "mem": "=@MEM@",
        "instances": 1,
        "container": {"type": "DOCKER", "docker": {"image": "@IMAGE@", "network": "HOST"}},
        "ports": [0, 1, 2],
        "env": {
            "FRAMEWORK_NAME": "@NAME@",
            "CLUSTER_SIZE": "@SIZE@",
            "MESOS_MASTER": "@MASTER@",
            "ZK_PERSIST": "@ZK@",
            "ADMIN_PORT": "@ADMIN@",
            "AUTO_RESEED": "@RESEED@",
            "RESEED_TIMEOUT": "@RESEED_TIMEOUT@",
            "CPU_LIMIT": "@CPU_LIMIT@",
            "MEM_LIMIT": "@MEM_LIMIT@",
            "DISK_LIMIT": "@DISK_LIMIT@",
            "VERBOSITY": "@VERBOSITY@",
            "WEBURI": "http://@NAME@@SUFFIX@:$PORT0/stats",
        },
        "healthChecks": [
            {"protocol": "HTTP", "path": "/healthz", "portIndex": 0, "gracePeriodSeconds": 60, "intervalSeconds": 30, "maxConsecutiveFailures": 0}
        ],
        "labels": {"DCOS_PACKAGE_FRAMEWORK_NAME": "@NAME@", "DCOS_SERVICE_NAME": "@NAME@", "DCOS_SERVICE_SCHEME": "http", "DCOS_SERVICE_PORT_INDEX": "0"},
    },
    {
        "@NAME@": "etcd.framework-name", "@CPUS@": "etcd.cpus", "@MEM@": "etcd.mem", "@IMAGE@": "resource.assets.container.docker.server",
        "@SIZE@": "etcd.cluster-size", "@MASTER@": "mesos.master", "@ZK@": "etcd.zk", "@ADMIN@": "etcd.admin-port", "@RESEED@": "etcd.auto-reseed",
        "@RESEED_TIMEOUT@": "etcd.reseed-timeout", "@CPU_LIMIT@": "etcd.cpu-limit", "@MEM_LIMIT@": "etcd.mem-limit", "@DISK_LIMIT@": "etcd.disk-limit",
        "@VERBOSITY@": "etcd.logging-verbosity", "@SUFFIX@": "etcd.dns-suffix",
    },
).replace("[\n    0,\n    1,\n    2\n  ]", "[0, 0, 0]")  # fmt: skip

SDK_CONFIG = schema(
    {
        "service": group(
            {
                "name": text("etcd", "The name of the service."),
                "user": text("root", "Who runs the members."),
                "service_account": text("", "The account's name."),
                "service_account_secret": text("", "Where its key is."),
                "virtual_network_enabled": flag(False, "Join a virtual network."),
                "virtual_network_name": text("dcos", "Which."),
                "log_level": text(
                    "INFO", "The scheduler's.", enum=["OFF", "FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE", "ALL"]
                ),
                "deploy_strategy": text("parallel", "How members are started.", enum=["parallel", "serial"]),
                "update_strategy": text("serial", "How members are changed.", enum=["parallel", "serial"]),
            },
            ("name",),
        ),
        "node": group(
            {
                "count": integer(3, "How many members.", minimum=3),
                "placement_constraint": text('[["hostname", "UNIQUE"]]', "Where they may be."),
                "cpus": number(1, "Processors of a member.", minimum=0.1),
                "mem": integer(256, "Memory of a member (MB).", minimum=64),
                "disk": integer(100, "Disk of a member (MB).", minimum=10),
                "disk_type": text("ROOT", "Kind of disk.", enum=["ROOT", "MOUNT"]),
            },
            ("count", "cpus", "mem", "disk"),
        ),
        "etcd": group(
            {
                "client_port": integer(2379, "Where clients ask.", minimum=1, maximum=65535),
                "peer_port": integer(2380, "Where members talk.", minimum=1, maximum=65535),
                "tls_enabled": flag(False, "TLS."),
                "use_auto_tls": flag(False, "With certificates that etcd makes itself."),
                "initial_cluster_token": text("etcd-cluster", "Keeps clusters apart."),
                "heartbeat_interval": integer(100, "Milliseconds."),
                "election_timeout": integer(1000, "Milliseconds."),
                "snapshot_count": integer(100000, "Transactions until a snapshot."),
            },
            ("client_port", "peer_port"),
        ),
    },
    ("service", "node", "etcd"),
)

_SDK_MARKS = {
    "@NAME@": "service.name", "@COUNT@": "node.count", "@CPUS@": "node.cpus", "@MEM@": "node.mem", "@DISK@": "node.disk",
    "@CLIENT@": "etcd.client_port", "@PEER@": "etcd.peer_port", "@STRATEGY@": "service.deploy_strategy",
}  # fmt: skip


def sdk_app(name_mark: str, env: Json, checks: list[Json]) -> Json:
    """A scheduler made with dcos-commons."""
    return {
        "id": f"/{name_mark}",
        "cpus": 0.5,
        "mem": 512,
        "instances": 1,
        "cmd": "export LD_LIBRARY_PATH=$MESOS_SANDBOX/libmesos-bundle/lib; ./scheduler/bin/main svc.yml",
        "env": {"SDK_PACKAGE": "true", "FRAMEWORK_NAME": name_mark, **env},
        "portDefinitions": [{"port": 0, "protocol": "tcp", "name": "api", "labels": {"VIP_0": f"/api.{name_mark}:80"}}],
        "healthChecks": checks,
        "labels": {
            "DCOS_COMMONS_API_VERSION": "v1",
            "DCOS_COMMONS_UNINSTALL": "true",
            "DCOS_PACKAGE_FRAMEWORK_NAME": name_mark,
            "DCOS_SERVICE_NAME": name_mark,
            "DCOS_SERVICE_SCHEME": "http",
            "DCOS_SERVICE_PORT_INDEX": "0",
            "MARATHON_SINGLE_INSTANCE_APP": "true",
        },
        "upgradeStrategy": {"maximumOverCapacity": 0, "minimumHealthCapacity": 0},
    }


SDK_TEMPLATE = app_template(
    sdk_app(
        "@NAME@",
        {
            "PACKAGE_NAME": "etcd", "NODE_COUNT": "@COUNT@", "NODE_CPUS": "@CPUS@", "NODE_MEM": "@MEM@", "NODE_DISK": "@DISK@",
            "ETCD_CLIENT_PORT": "@CLIENT@", "ETCD_PEER_PORT": "@PEER@", "DEPLOY_STRATEGY": "@STRATEGY@",
        },
        [{"protocol": "MESOS_HTTP", "path": "/v1/health", "portIndex": 0, "gracePeriodSeconds": 900, "intervalSeconds": 30, "maxConsecutiveFailures": 0}],
    ),
    _SDK_MARKS,
)  # fmt: skip

_ALPHA = "etcd-mesos is alpha software. Its data is lost when a majority of its members is."


def packages() -> list[Package]:
    notes = {
        "before": _ALPHA,
        "gone": "ZooKeeper keeps the state of the framework: remove /etcd before you install it again.",
    }
    old = [
        Package(
            "etcd", version, index, "A distributed key-value store, as a Mesos framework.", MESOS_CONFIG, MESOS_TEMPLATE,
            images={"server": f"mesosphere/etcd-mesos:{image}"}, tags=("etcd", "key-value"), notes=notes,
        )
        for index, (version, image) in enumerate((("0.0.2", "0.1.2"), ("0.0.3", "0.1.3")))
    ]  # fmt: skip
    new = Package(
        "etcd",
        "0.1.0-3.3.12",
        2,
        "A distributed key-value store, as an SDK service.",
        SDK_CONFIG,
        SDK_TEMPLATE,
        tags=("etcd", "key-value"),
        min_dcos="1.11",
    )
    return [*old, new]
