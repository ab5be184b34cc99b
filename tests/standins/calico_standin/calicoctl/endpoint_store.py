"""Host and workload endpoints, which lie under their hosts."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address, ip_interface
from typing import Any

from ..errors import EtcdError
from .model import HOST_ENDPOINT, WORKLOAD_ENDPOINT, Resource
from .store import HOSTS, Metadata, OneKeyStore, escaped, unescaped, values


class HostEndpointStore(OneKeyStore):
    """Host endpoints."""

    kind = HOST_ENDPOINT

    def path(self, metadata: Metadata) -> str:
        return f"{HOSTS}/{metadata['node']}/endpoint/{escaped(metadata['name'])}"

    def label(self, metadata: Metadata) -> str:
        return f"HostEndpoint(node={metadata['node']}, name={metadata['name']})"

    def everything(self) -> Iterator[Resource]:
        for path, value in values(self.etcd, HOSTS, recursive=True):
            parts = path.split("/")
            if len(parts) != 7 or parts[5] != "endpoint":
                continue
            metadata = {"node": parts[4], "name": unescaped(parts[6]), "labels": value.get("labels")}
            addresses = [*(value.get("expected_ipv4_addrs") or ()), *(value.get("expected_ipv6_addrs") or ())]
            spec = {
                "interfaceName": value.get("name", ""),
                "expectedIPs": addresses,
                "profiles": value.get("profile_ids"),
            }
            yield self.kind.make(metadata, spec)

    def encode(self, resource: Resource) -> dict[str, Any]:
        addresses = resource.spec.get("expectedIPs") or []
        fields = {
            "name": resource.spec.get("interfaceName"),
            "expected_ipv4_addrs": [address for address in addresses if ip_address(address).version == 4],
            "expected_ipv6_addrs": [address for address in addresses if ip_address(address).version == 6],
            "labels": resource.metadata.get("labels"),
            "profile_ids": resource.spec.get("profiles"),
        }
        return {name: value for name, value in fields.items() if value}


class WorkloadEndpointStore(OneKeyStore):
    """Workload endpoints, as the CNI plugin writes them too."""

    kind = WORKLOAD_ENDPOINT

    def path(self, metadata: Metadata) -> str:
        return f"{self._workload(metadata)}/endpoint/{escaped(metadata['name'])}"

    def _workload(self, metadata: Metadata) -> str:
        orchestrator, workload = escaped(metadata["orchestrator"]), escaped(metadata["workload"])
        return f"{HOSTS}/{metadata['node']}/workload/{orchestrator}/{workload}"

    def label(self, metadata: Metadata) -> str:
        return f"WorkloadEndpoint(node={metadata['node']}, orchestrator={metadata['orchestrator']}, workload={metadata['workload']}, name={metadata['name']})"

    def everything(self) -> Iterator[Resource]:
        for path, value in values(self.etcd, HOSTS, recursive=True):
            parts = path.split("/")
            if len(parts) != 10 or parts[5] != "workload":
                continue
            metadata = {
                "name": unescaped(parts[9]),
                "workload": unescaped(parts[7]),
                "orchestrator": unescaped(parts[6]),
                "node": parts[4],
                "activeInstanceID": value.get("active_instance_id", ""),
                "labels": value.get("labels"),
            }
            nats = [*(value.get("ipv4_nat") or ()), *(value.get("ipv6_nat") or ())]
            spec = {
                "ipNetworks": [*(value.get("ipv4_nets") or ()), *(value.get("ipv6_nets") or ())],
                "ipNATs": [{"internalIP": nat["int_ip"], "externalIP": nat["ext_ip"]} for nat in nats],
                "ipv4Gateway": value.get("ipv4_gateway", ""),
                "ipv6Gateway": value.get("ipv6_gateway", ""),
                "profiles": value.get("profile_ids"),
                "interfaceName": value.get("name", ""),
                "mac": value.get("mac", ""),
            }
            yield self.kind.make(metadata, spec)

    def encode(self, resource: Resource) -> dict[str, Any]:
        spec = resource.spec
        networks = spec.get("ipNetworks") or []
        nats = [{"int_ip": nat["internalIP"], "ext_ip": nat["externalIP"]} for nat in spec.get("ipNATs") or ()]
        value: dict[str, Any] = {
            "state": "active",
            "name": spec.get("interfaceName", ""),
            "active_instance_id": resource.metadata.get("activeInstanceID", ""),
            "mac": spec.get("mac") or None,
            "profile_ids": spec.get("profiles") or [],
            "ipv4_nets": [network for network in networks if ip_interface(network).version == 4],
            "ipv6_nets": [network for network in networks if ip_interface(network).version == 6],
        }
        optional = {
            "ipv4_nat": [nat for nat in nats if ip_address(nat["int_ip"]).version == 4],
            "ipv6_nat": [nat for nat in nats if ip_address(nat["int_ip"]).version == 6],
            "labels": resource.metadata.get("labels"),
            "ipv4_gateway": spec.get("ipv4Gateway"),
            "ipv6_gateway": spec.get("ipv6Gateway"),
        }
        return {**value, **{name: item for name, item in optional.items() if item}}

    def delete(self, metadata: Metadata) -> None:
        """The endpoint goes with the directories it leaves empty."""
        super().delete(metadata)
        workload = self._workload(metadata)
        for directory in (f"{workload}/endpoint", workload):
            try:
                self.etcd.delete(directory, dir=True)
            except EtcdError:
                return
