"""The `calico` plugin."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import EtcdError, StandinError
from ..etcd import Etcd
from ..ipam.log import Bare
from . import config, endpoint, gojson, protocol, veth
from .endpoint import Endpoint

_IPAM_DEADLINE = 300


def main() -> None:
    """Entry point of the zipapp."""
    if len(sys.argv) == 1:
        given = os.environ.get("CNI_ARGS")
        os.environ["CNI_ARGS"] = "IgnoreUnknown=1" + (f";{given}" if given else "")
    sys.exit(protocol.run("Calico", sys.argv[1:], add, delete))


def add(call: protocol.Call) -> Mapping[str, Any]:
    """Give the container an interface and an address, or one more profile when it has them."""
    conf = config.load(call.stdin)
    protocol.valid_network_name(conf.name)
    protocol.requested_address(call.args)
    log, workload = conf.log, call.container_id
    log.info(
        "calico.go 87",
        "Extracted identifiers",
        ContainerID=workload,
        Node=conf.node,
        Orchestrator=endpoint.ORCHESTRATOR,
        Workload=workload,
    )
    etcd = config.connect(conf)
    _require_ready(etcd, conf, "calico.go 100", workload)
    existing = endpoint.find(etcd, conf.node, workload)
    _say(f"Calico CNI checking for existing endpoint: {existing or '<nil>'}")
    if existing is None:
        attached = _attach(call, conf)
    else:
        attached = _join(existing, conf.name)
    try:
        endpoint.store(etcd, attached)
    except StandinError:
        if existing is None:
            _clean_up(call, conf)
        raise
    if existing is None:
        log.info("calico.go 250", "Wrote endpoint to datastore", Workload=workload, endpoint=Bare(attached))
    if not conf.policy_type and not endpoint.profile_exists(etcd, conf.name):
        _say(f"Calico CNI creating profile: {conf.name}")
        endpoint.create_profile(etcd, conf.name, [conf.name])
    return protocol.result_of(conf.version, attached.networks)


def _join(existing: Endpoint, profile: str) -> Endpoint:
    if profile in existing.profiles:
        _say(f"Calico CNI endpoint already has profile: {profile}")
    else:
        _say(f"Calico CNI appending profile: {profile}")
        existing.profiles.append(profile)
    return existing


def _attach(call: protocol.Call, conf: config.NetConf) -> Endpoint:
    log, workload = conf.log, call.container_id
    networks = protocol.networks_of(_ipam(call, conf, "ADD"))
    attached = Endpoint(conf.node, workload, call.ifname, profiles=[conf.name], networks=networks, labels=conf.labels)
    log.info("calico.go 212", "Populated endpoint (with nets)", Workload=workload, endpoint=Bare(attached))
    _say(f"Calico CNI using IPs: [{' '.join(networks)}]")
    try:
        attached.interface, attached.mac = veth.attach(workload, call.netns, call.ifname, networks, conf.mtu, log)
    except StandinError:
        _clean_up(call, conf)
        raise
    log.info(
        "calico.go 227",
        "Networked namespace",
        ContainerVethMac=attached.mac,
        HostVethName=attached.interface,
        Workload=workload,
    )
    return attached


def _clean_up(call: protocol.Call, conf: config.NetConf) -> None:
    try:
        _ipam(call, conf, "DEL")
    except StandinError:
        conf.log.warning("utils.go 304", "Failed to clean up IP allocations for failed ADD", Workload=call.container_id)


def delete(call: protocol.Call) -> None:
    """Give the address back, forget the endpoint, remove the interface."""
    conf = config.load(call.stdin)
    etcd = config.connect(conf)
    _require_ready(etcd, conf, "calico.go 350", call.container_id)
    _say("Calico CNI releasing IP address")
    failure: StandinError | None = None
    try:
        _ipam(call, conf, "DEL")
    except StandinError as exc:
        failure = exc
    endpoint.remove(etcd, conf.node, call.container_id, call.ifname)
    if call.netns:
        veth.detach(call.netns, call.ifname)
    if failure is not None:
        raise failure


def _require_ready(etcd: Etcd, conf: config.NetConf, place: str, workload: str) -> None:
    try:
        ready = etcd.get("/calico/v1/Ready")
    except EtcdError as exc:
        raise protocol.PluginError(f"Unable to retreive ReadyFlag from Backend: {exc}") from exc
    if ready is None:
        raise protocol.PluginError("Unable to retreive ReadyFlag from Backend: resource does not exist: ReadyFlagKey()")
    if ready != "true":
        conf.log.warning(place, "Upgrade may be in progress, ready flag is not set", Workload=workload)
        raise protocol.PluginError("Calico is currently not ready to process requests")


def _ipam(call: protocol.Call, conf: config.NetConf, command: str) -> dict[str, Any]:
    """Run the IPAM plugin with this plugin's environment and input; its result."""
    program = _find_plugin(conf.ipam_type, call.path)
    done = subprocess.run(
        [program],
        env={**os.environ, "CNI_COMMAND": command},
        input=conf.text,
        stdout=subprocess.PIPE,
        text=True,
        timeout=_IPAM_DEADLINE,
        check=False,
    )
    try:
        result = protocol.parse_result(done.stdout)
    except ValueError as exc:
        raise protocol.PluginError(
            f"netplugin failed but error parsing its diagnostic message {gojson.compact(done.stdout)}: {exc}"
        ) from exc
    if done.returncode != 0:
        raise protocol.PluginError(
            str(result.get("msg", "")), int(result.get("code", 100)), str(result.get("details", ""))
        )
    return result


def _find_plugin(name: str, directories: Sequence[str]) -> str:
    if not name:
        raise protocol.PluginError("no plugin name provided")
    for directory in directories:
        program = os.path.join(directory, name)
        if os.path.isfile(program):
            return program
    raise protocol.PluginError(f'failed to find plugin "{name}" in path [{" ".join(directories)}]')


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
