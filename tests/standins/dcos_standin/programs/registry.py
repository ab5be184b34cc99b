"""Which image is which program. Any app that runs one of them is that scheduler, however it was made."""

from __future__ import annotations

from ..mesos import Task
from .base import Program
from .calico import Calico
from .etcd_mesos import EtcdMesos
from .sdk import EtcdSdk, Kubernetes

IMAGES: dict[str, type[Program]] = {
    "mesosphere/etcd-mesos": EtcdMesos,
    "calico/calico-dcos": Calico,
}
# SDK schedulers are archives that are fetched, not images: their package tells by the environment.
SDK: dict[str, type[Program]] = {"etcd": EtcdSdk, "kubernetes": Kubernetes}
RELAY = "relay.py"


def program_of(image: str | None, env: dict[str, str]) -> type[Program] | None:
    """The program that an app's image or SDK package starts, if it is one that is played here."""
    if image:
        return IMAGES.get(image.rpartition(":")[0] or image)
    return SDK.get(env.get("PACKAGE_NAME", "")) if "SDK_PACKAGE" in env else None


def is_host(task: Task) -> bool:
    return program_of(task.order["image"], task.order["env"]) is not None
