"""Package calico 0.1.0 to 0.4.0: calico-dcos, which brings calico/node 1.0.0. Groups and their keys have spaces in 0.4.0."""

from __future__ import annotations

from .package import Json, Package, app_template, flag, group, integer, number, schema, text

IMAGE = "calico/calico-dcos"


def _config(with_libnetwork: bool) -> Json:
    groups = {
        "Framework Settings": group(
            {
                "framework-name": text(
                    "calico-install-framework", "The name of the framework, and of its Marathon app."
                ),
                "master": text(
                    "zk://zk-1.zk:2181,zk-2.zk:2181,zk-3.zk:2181,zk-4.zk:2181,zk-5.zk:2181/mesos",
                    "Where Mesos' leader is found.",
                ),
                "zk": text(
                    "zk://zk-1.zk:2181,zk-2.zk:2181,zk-3.zk:2181,zk-4.zk:2181,zk-5.zk:2181/calico",
                    "Where the framework keeps its state.",
                ),
                "max-concurrent-restarts": integer(1, "How many agents may restart services at a time.", minimum=1),
                "cpu-limit": number(0.2, "Processors of the framework.", minimum=0.0),
                "mem-limit": number(512, "Memory of the framework (MB).", minimum=32),
                "status-dns": text("calico.marathon.mesos", "The name under which the status page is announced."),
                "override-framework-image": text(None, "Another image."),
                "override-installer-url": text(None, "Another installer."),
            },
            ("framework-name", "master", "zk", "max-concurrent-restarts"),
        ),
        "Etcd Settings": group(
            {
                "run-proxy": flag(True, "Run an etcd proxy on every agent."),
                "etcd-discovery-url": text("etcd.mesos", "The domain of etcd's SRV records."),
                "etcd-endpoints": text("http://localhost:2379", "Where Calico finds etcd."),
                "cpu-limit": number(0.1, "Processors of the proxy.", minimum=0.0),
                "mem-limit": number(128, "Memory of the proxy (MB).", minimum=16),
            },
            ("run-proxy",),
        ),
        "Configure Docker Cluster-Store": group(
            {
                "enable": flag(True, "Give every Docker engine a cluster store."),
                "override-docker-cluster-store": text(None, "Another one than etcd-endpoints."),
                "cpu-limit": number(0.2, "Processors of the step.", minimum=0.0),
                "mem-limit": number(256, "Memory of the step (MB).", minimum=16),
            },
            ("enable",),
        ),
        "Install CNI": group(
            {
                "enable": flag(True, "Place the CNI plugins and their configuration."),
                "cni-plugins-dir": text("/opt/mesosphere/active/cni/", "Where plugins are."),
                "cni-config-dir": text("/opt/mesosphere/etc/dcos/network/cni/", "Where configurations are."),
                "cpu-limit": number(0.2, "Processors of the step.", minimum=0.0),
                "mem-limit": number(512, "Memory of the step (MB).", minimum=16),
            },
            ("enable",),
        ),
        "Run Calico-Node": group(
            {
                "enable": flag(True, "Run calico/node on every agent."),
                "cpu-limit": number(0.2, "Processors of the step.", minimum=0.0),
                "mem-limit": number(256, "Memory of the step (MB).", minimum=16),
                "override-node-image": text(None, "Another image."),
            },
            ("enable",),
        ),
    }
    required = tuple(groups)
    if with_libnetwork:
        groups["Run Calico-Libnetwork"] = group(
            {
                "enable": flag(True, "Run the Docker network plugin."),
                "cpu-limit": number(0.1),
                "mem-limit": number(128),
            },
            ("enable",),
        )
        required = tuple(groups)
    return schema(groups, required)


TEMPLATE = app_template(
    {
        "id": "/@NAME@",
        "cpus": "=@CPUS@",
        "mem": "=@MEM@",
        "instances": 1,
        "container": {"type": "DOCKER", "docker": {"image": "@IMAGE@", "network": "HOST", "forcePullImage": True}},
        "cmd": "./dist/framework",
        "ports": [0],
        "env": {
            "FRAMEWORK_NAME": "@NAME@", "MESOS_MASTER": "@MASTER@", "CALICO_ZK": "@ZK@", "CALICO_MAX_CONCURRENT_RESTARTS": "@RESTARTS@",
            "CALICO_STATUS_DNS": "@STATUS@", "CALICO_RUN_ETCD_PROXY": "@PROXY@", "ETCD_SRV": "@SRV@", "ETCD_ENDPOINTS": "@ENDPOINTS@",
            "CALICO_ETCD_PROXY_CPUS": "@PROXY_CPU@", "CALICO_ETCD_PROXY_MEM": "@PROXY_MEM@", "CALICO_CONFIGURE_DOCKER": "@DOCKER@",
            "CALICO_DOCKER_CPUS": "@DOCKER_CPU@", "CALICO_DOCKER_MEM": "@DOCKER_MEM@", "CALICO_INSTALL_CNI": "@CNI@", "CALICO_CNI_CPUS": "@CNI_CPU@",
            "CALICO_CNI_MEM": "@CNI_MEM@", "CALICO_CNI_PLUGINS_DIR": "@PLUGINS@", "CALICO_CNI_CONF_DIR": "@CONF@", "CALICO_RUN_NODE": "@NODE@",
            "CALICO_NODE_CPUS": "@NODE_CPU@", "CALICO_NODE_MEM": "@NODE_MEM@", "CALICO_NODE_IMAGE": "calico/node:v1.0.0",
        },
        "healthChecks": [
            {"protocol": "HTTP", "path": "/health", "portIndex": 0, "gracePeriodSeconds": 120, "intervalSeconds": 30, "maxConsecutiveFailures": 3}
        ],
        "labels": {"DCOS_PACKAGE_FRAMEWORK_NAME": "@NAME@", "DCOS_SERVICE_NAME": "@NAME@", "DCOS_SERVICE_SCHEME": "http", "DCOS_SERVICE_PORT_INDEX": "0"},
    },
    {
        "@NAME@": "Framework Settings.framework-name", "@CPUS@": "Framework Settings.cpu-limit", "@MEM@": "Framework Settings.mem-limit",
        "@IMAGE@": "resource.assets.container.docker.framework", "@MASTER@": "Framework Settings.master", "@ZK@": "Framework Settings.zk",
        "@RESTARTS@": "Framework Settings.max-concurrent-restarts", "@STATUS@": "Framework Settings.status-dns", "@PROXY@": "Etcd Settings.run-proxy",
        "@SRV@": "Etcd Settings.etcd-discovery-url", "@ENDPOINTS@": "Etcd Settings.etcd-endpoints", "@PROXY_CPU@": "Etcd Settings.cpu-limit",
        "@PROXY_MEM@": "Etcd Settings.mem-limit", "@DOCKER@": "Configure Docker Cluster-Store.enable",
        "@DOCKER_CPU@": "Configure Docker Cluster-Store.cpu-limit", "@DOCKER_MEM@": "Configure Docker Cluster-Store.mem-limit", "@CNI@": "Install CNI.enable",
        "@CNI_CPU@": "Install CNI.cpu-limit", "@CNI_MEM@": "Install CNI.mem-limit", "@PLUGINS@": "Install CNI.cni-plugins-dir",
        "@CONF@": "Install CNI.cni-config-dir", "@NODE@": "Run Calico-Node.enable", "@NODE_CPU@": "Run Calico-Node.cpu-limit",
        "@NODE_MEM@": "Run Calico-Node.mem-limit",
    },
)  # fmt: skip


def packages() -> list[Package]:
    return [
        Package(
            "calico", version, index, "Networking for containers, installed on every agent by a framework.", _config(version == "0.3.1"), TEMPLATE,
            images={"framework": f"{IMAGE}:v{version}"}, tags=("networking", "cni"),
            notes={"gone": "Files, containers and services on the agents stay, and so does /calico in ZooKeeper."},
        )
        for index, version in enumerate(("0.1.0", "0.2.0", "0.3.1", "0.4.0"))
    ]  # fmt: skip
