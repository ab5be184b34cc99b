"""A docker for unit tests of its daemon and networks. The daemon is the unit docker.service of the systemctl double: its process is started by a script
that reads daemon.json into $DOUBLES/docker/running.json, as the real one reads it at its start only, and does not start with what it does not know. Nobody
can connect before it has done so.

$DOUBLES/docker/state.json: version, swarm, live_restore, containers [names], node {running, env}. Networks of a cluster-store are in
$DOUBLES/docker/stores.json, by store. What it does not know, it refuses. Runs on Python 2.7 and 3.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import sys

ROOT = os.environ["DOUBLES"]
DIRECTORY = os.path.join(ROOT, "docker")


def read(name):
    path = os.path.join(DIRECTORY, name)
    if not os.path.exists(path):
        return {}
    with open(path) as handle:
        return json.load(handle)


def write(name, value):
    with open(os.path.join(DIRECTORY, name), "w") as handle:
        json.dump(value, handle, sort_keys=True)


def fail(words):
    sys.stderr.write(words + "\n")
    sys.exit(1)


def daemon_runs():
    with open(os.path.join(ROOT, "systemd", "state.json")) as handle:
        service = json.load(handle)["services"].get("docker.service")
    try:
        with open("/proc/%d/stat" % service["pid"]) as handle:
            alive = handle.read().rsplit(")", 1)[1].split()[0] not in "ZX"
        return alive and read("running.json").get("pid") == service["pid"]
    except (IOError, OSError, TypeError):
        return False


def store():
    return read("running.json").get("cluster-store")


def info(state):
    print("Containers: %d\nServer Version: %s\nStorage Driver: overlay2" % (len(state["containers"]), state["version"]))
    print("Swarm: %s" % ("active" if state.get("swarm") else "inactive"))
    print("Live Restore Enabled: %s" % ("true" if state.get("live_restore") else "false"))
    if store():
        print("Cluster Store: %s" % store())


def networks():
    """{name: object} that the daemon knows: its own, and those of its store."""
    own = {"bridge": {"Name": "bridge", "Id": "b" * 64, "Driver": "bridge", "Scope": "local", "IPAM": {"Driver": "default", "Config": []}, "Containers": {}}}
    return dict(own, **read("stores.json").get(store() or "", {}))


def inspect_networks(names):
    known = networks()
    found = [item for name in names for item in known.values() if name in (item["Name"], item["Id"])]
    print(json.dumps(found))
    for name in names:
        if not [item for item in found if name in (item["Name"], item["Id"])]:
            fail("Error: No such network: %s" % name)


def create(arguments):
    options, name = dict(zip(arguments[:-1:2], arguments[1:-1:2])), arguments[-1]
    pool = options.pop("--subnet", None)
    if options != {"--driver": "calico", "--ipam-driver": "calico-ipam"}:
        fail("unknown options %r" % options)
    if not store():
        fail('Error response from daemon: datastore for scope "global" is not initialized')
    if pool and pool not in read("state.json").get("pools", []):
        fail("Error response from daemon: IpamDriver.RequestPool: The requested subnet must match the CIDR of a configured Calico IP Pool.")
    if name in networks():
        fail("Error response from daemon: network with name %s already exists" % name)
    number = ("%x" % (abs(hash(name)) % 10**8)).ljust(64, "0")
    config = [{"Subnet": pool}] if pool else [{"Subnet": "0.0.0.0/0", "Gateway": "0.0.0.0"}]
    stores = read("stores.json")
    stores.setdefault(store(), {})[name] = {
        "Name": name,
        "Id": number,
        "Driver": "calico",
        "Scope": "global",
        "IPAM": {"Driver": "calico-ipam", "Config": config},
        "Containers": {},
    }
    write("stores.json", stores)
    print(number)


def remove(name):
    stores = read("stores.json")
    found = stores.get(store() or "", {})
    if name not in found:
        fail("Error: No such network: %s" % name)
    if found[name]["Containers"]:
        fail("Error response from daemon: error while removing network: network %s has active endpoints" % name)
    del found[name]
    write("stores.json", stores)
    print(name)


def network(arguments):
    if arguments[0] == "inspect":
        inspect_networks(arguments[1:])
    elif arguments == ["ls", "-q", "--no-trunc"]:
        print("\n".join(item["Id"] for item in networks().values()))
    elif arguments[0] == "create":
        create(arguments[1:])
    elif arguments[0] == "rm":
        remove(arguments[1])
    else:
        fail("docker network: unknown %r" % arguments)


def main():
    arguments, state = sys.argv[1:], read("state.json")
    if not daemon_runs():
        fail("Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?")
    if arguments == ["info"]:
        info(state)
    elif arguments[:3] == ["ps", "--no-trunc", "--format"]:
        print("\n".join(state["containers"] + (["calico-node"] if state["node"] else [])))
    elif arguments == ["inspect", "calico-node"]:
        env = ["%s=%s" % pair for pair in sorted((state["node"] or {}).items())]
        print(json.dumps([{"Name": "/calico-node", "State": {"Running": True}, "Config": {"Env": env}}] if state["node"] else []))
        if not state["node"]:
            fail("Error: No such object: calico-node")
    elif arguments[0] == "network":
        network(arguments[1:])
    else:
        fail("docker: %r is not a docker command." % arguments)


main()
