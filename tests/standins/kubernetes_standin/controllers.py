"""What makes pods of Deployments, and lets them become Ready, or not, with a reason."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import hashlib
import json
import secrets
from typing import Any

from . import calico
from .config import Config
from .etcd import Etcd, EtcdFailed
from .kinds import KINDS, Kind
from .store import Store

Json = dict[str, Any]
STEP_SECONDS = 0.5
START_SECONDS = 1.0
POD: Kind = next(kind for kind in KINDS if kind.name == "Pod")
Problem = tuple[str, str]


class Controllers:
    """A loop over all Deployments.

    :ivar idle: why those of Calico's controllers that run do nothing; what a real one has in its log.
    """

    def __init__(self, config: Config, store: Store) -> None:
        self._config = config
        self._store = store
        self._etcd: Etcd | None = None
        self._task: asyncio.Task[None] | None = None
        self._born: dict[str, float] = {}
        self.idle: list[str] = []

    def start(self) -> None:
        self._task = asyncio.ensure_future(self._run())

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            await self.step()
            await asyncio.sleep(STEP_SECONDS * self._config.time_scale)

    async def step(self) -> None:
        """Look at every Deployment once."""
        for deployment in list(self._store.all("Deployment")):
            problems = await self._problems(deployment)
            # The object may have changed while etcd was asked.
            current = self._store.find(
                "Deployment", deployment["metadata"]["namespace"], deployment["metadata"]["name"]
            )
            if current is not None and current["spec"] == deployment["spec"]:
                self._settle(current, problems)
        self._collect()

    # -- what is wrong ----------------------------------------------------------------------

    async def _problems(self, deployment: Json) -> list[Problem]:
        if calico.is_controllers(deployment):
            return await self._of_controllers(deployment)
        if deployment["metadata"]["name"] in [addon["name"] for addon in self._config.addons]:
            return await self._of_addon(deployment)
        return []

    async def _of_controllers(self, deployment: Json) -> list[Problem]:
        """What keeps them from running; what keeps them from working is noted."""
        found = calico.start_problems(deployment, self._config.controllers_image, self._store)
        self.idle = calico.work_problems(deployment, self._store)
        etcd, wrong = calico.datastore(deployment, self._config.node_run)
        if not found and not self.idle and etcd is not None:
            wrong = await asyncio.to_thread(calico.work, etcd, list(self._store.all("Namespace")))
            self._etcd = self._etcd if wrong else etcd
        self.idle += [wrong] if wrong else []
        return found

    async def _of_addon(self, deployment: Json) -> list[Problem]:
        """An add-on works as soon as its namespace has a profile in etcd; until then nothing reaches it."""
        name = f"k8s_ns.{deployment['metadata']['namespace']}"
        missing = (
            "Unhealthy",
            f"Readiness probe failed: no route to the pod: Calico has no profile {name}, so everything is dropped",
        )
        if self._etcd is None:
            return [missing]
        try:
            found = await asyncio.to_thread(self._etcd.get, f"{calico.PROFILES}/{name}/rules")
        except EtcdFailed:
            return [missing]
        return [] if found else [missing]

    # -- pods -------------------------------------------------------------------------------

    def _settle(self, deployment: Json, problems: list[Problem]) -> None:
        """Pods as wanted, and the Deployment's status."""
        spec, metadata = deployment["spec"], deployment["metadata"]
        name, namespace = metadata["name"], metadata["namespace"]
        template = hashlib.sha256(json.dumps(spec["template"], sort_keys=True).encode()).hexdigest()[:10]
        pods = [pod for pod in self._store.all("Pod", namespace) if _owner(pod) == metadata["uid"]]
        for pod in [
            pod
            for pod in pods
            if not (spec["selector"].get("matchLabels") or {}).items() <= pod["metadata"]["labels"].items()
        ]:
            self._release(pod)
            pods.remove(pod)
        current = [pod for pod in pods if pod["metadata"]["labels"].get("pod-template-hash") == template]
        refused = any(reason == "FailedCreate" for reason, _message in problems)
        wanted = 0 if refused else spec["replicas"]
        for pod in [pod for pod in pods if pod not in current] + current[wanted:]:
            self._store.delete(POD, "", namespace, pod["metadata"]["name"])
        current = current[:wanted] + [self._made(deployment, template) for _number in range(wanted - len(current))]
        ready = [self._advance(pod, problems) for pod in current]
        self._store.put_status("Deployment", namespace, name, _status(deployment, len(current), sum(ready), problems))

    def _release(self, pod: Json) -> None:
        """What a selector does not pick any more goes on by itself."""
        pod["metadata"].pop("ownerReferences")
        pod["metadata"].pop("resourceVersion")
        self._store.replace(POD, "", pod)

    def _made(self, deployment: Json, template: str) -> Json:
        metadata, spec = deployment["metadata"], deployment["spec"]
        labels = {**spec["template"]["metadata"]["labels"], "pod-template-hash": template}
        owner = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "name": metadata["name"],
            "uid": metadata["uid"],
            "controller": True,
        }
        name = f"{metadata['name']}-{template}-{secrets.token_hex(3)[:5]}"
        made = {"name": name, "namespace": metadata["namespace"], "labels": labels, "ownerReferences": [owner]}
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": made,
            "spec": {**spec["template"]["spec"], "nodeName": self._config.node},
        }
        made_pod = self._store.create(POD, "", pod)
        self._born[made_pod["metadata"]["name"]] = asyncio.get_running_loop().time()
        return made_pod

    def _advance(self, pod: Json, problems: list[Problem]) -> bool:
        """Write the pod's status; whether it is Ready."""
        age = asyncio.get_running_loop().time() - self._born.get(pod["metadata"]["name"], 0.0)
        if not problems and age < START_SECONDS * self._config.time_scale:
            problems = [("ContainerCreating", "")]
        started = not problems or problems[0][0] == "Unhealthy"
        names = [container["name"] for container in pod["spec"]["containers"]]
        now = pod["metadata"]["creationTimestamp"]
        unready = f"containers with unready status: [{' '.join(names)}]"
        if started and problems:
            unready = f"{unready}: {problems[0][1]}"
        ready: Json = {"type": "Ready", "status": "False" if problems else "True", "lastTransitionTime": now}
        if problems:
            ready.update(reason="ContainersNotReady", message=unready)
        waiting = (
            {"reason": problems[0][0], "message": "; ".join(message for _reason, message in problems)}
            if problems
            else {}
        )
        state: Json = (
            {"running": {"startedAt": now}}
            if started
            else {"waiting": {key: value for key, value in waiting.items() if value}}
        )
        same = {"imageID": "", "ready": not problems, "restartCount": 0, "state": state}
        containers = [{"name": one["name"], "image": one["image"], **same} for one in pod["spec"]["containers"]]
        conditions = [ready, {"type": "PodScheduled", "status": "True", "lastTransitionTime": now}]
        status = {
            "phase": "Running" if started else "Pending",
            "conditions": conditions,
            "containerStatuses": containers,
        }
        self._store.put_status("Pod", pod["metadata"]["namespace"], pod["metadata"]["name"], status)
        return not problems

    def _collect(self) -> None:
        """Pods of Deployments that are gone go, too."""
        there = {deployment["metadata"]["uid"] for deployment in self._store.all("Deployment")}
        for pod in list(self._store.all("Pod")):
            if _owner(pod) and _owner(pod) not in there:
                self._store.delete(POD, "", pod["metadata"]["namespace"], pod["metadata"]["name"])


def _owner(pod: Json) -> str:
    owners = pod["metadata"].get("ownerReferences") or [{}]
    return str(owners[0].get("uid", ""))


def _status(deployment: Json, pods: int, ready: int, problems: list[Problem]) -> Json:
    wanted, now = deployment["spec"]["replicas"], datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    status: Json = {
        "observedGeneration": deployment["metadata"]["generation"],
        "replicas": pods,
        "updatedReplicas": pods,
    }
    if ready:
        status.update(readyReplicas=ready, availableReplicas=ready)
    if pods - ready:
        status["unavailableReplicas"] = pods - ready
    available = ready >= wanted
    text = "Deployment has minimum availability." if available else "Deployment does not have minimum availability."
    conditions = [
        {
            "type": "Available",
            "status": str(available),
            "reason": f"MinimumReplicas{'A' if available else 'Una'}vailable",
            "message": text,
        }
    ]
    for reason, message in problems:
        if reason == "FailedCreate":
            conditions.append({"type": "ReplicaFailure", "status": "True", "reason": reason, "message": message})
    old = {(one["type"], one["status"]): one for one in (deployment.get("status") or {}).get("conditions") or []}
    for one in conditions:
        before = old.get((one["type"], one["status"]), {"lastTransitionTime": now})["lastTransitionTime"]
        one.update(lastTransitionTime=before, lastUpdateTime=before)
    return {**status, "conditions": conditions}


def addon(config: Config, item: Json) -> Json:
    """A Deployment of the package's own."""
    labels = {"k8s-app": item["name"]}
    spec = {"containers": [{"name": item["name"], "image": item["image"]}]}
    return {
        "apiVersion": "extensions/v1beta1",
        "kind": "Deployment",
        "metadata": {"name": item["name"], "namespace": "kube-system", "labels": labels},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }
