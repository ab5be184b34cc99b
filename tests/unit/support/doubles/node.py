"""A docker and a calicoctl for unit tests of calico/node, by the name they are called by. State is kept in $DOUBLES/node.json.

images {reference: {id, env}}, container (None or what docker run was told, with its pid), nodes {name: address}, stores (what a node that starts
stores as its address in any case), applied [documents], peers [bgpPeer documents], mesh on or off, slow (seconds before calicoctl removes the old
container), down (what docker answers when its daemon is).
A node's address is found as calico/node 2.6.6 finds it: --ip is stored as /32, without it the datastore's is kept, and without that the method's
interface decides, or the first one, which is a bridge of DC/OS. A container is a process named calico-felix; `docker inspect` knows it while it lives.
settings {node and name: value} of Felix. What they do not know, they refuse. Run on Python 2.7 and 3.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import random
import shlex
import signal
import sys
import tarfile
import time

ROOT = os.environ["DOUBLES"]
STATE = os.path.join(ROOT, "node.json")
PROC = os.path.join(ROOT, "proc")


def read():
    with open(STATE) as handle:
        return json.load(handle)


def write(state):
    with open(STATE + ".new", "w") as handle:
        json.dump(state, handle, sort_keys=True)
    os.rename(STATE + ".new", STATE)


def fail(words, code=1):
    """calicoctl prints errors on stdout, docker on stderr."""
    print(words, file=sys.stderr if NAME == "docker" else sys.stdout)
    sys.exit(code)


def alive(container):
    try:
        with open("/proc/%d/stat" % container["pid"]) as handle:
            return handle.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (IOError, OSError):
        return False


def inspected(container):
    return {
        "Id": container["id"],
        "Name": "/calico-node",
        "Image": container["image_id"],
        "State": {"Running": True, "Restarting": False, "Pid": container["pid"], "StartedAt": container["started"]},
        "Config": {"Image": container["image"], "Env": container["env"] + container["image_env"] + ["PATH=/bin"]},
        "HostConfig": {
            "Binds": container["binds"],
            "NetworkMode": "host",
            "Privileged": True,
            "RestartPolicy": {"Name": container["restart"]},
        },
    }


def inspect(state, names):
    found, missing = [], []
    for name in names:
        images = [image for reference, image in state["images"].items() if name in (reference, image["id"])]
        if name == "calico-node" and state["container"] and alive(state["container"]):
            found.append(inspected(state["container"]))
        elif images:
            found.append({"Id": images[0]["id"], "RepoTags": [], "Config": {"Env": images[0]["env"]}})
        else:
            missing.append(name)
    print(json.dumps(found))
    if missing:
        fail("Error: No such object: %s" % missing[0])


def load(state, path):
    if state.get("full"):
        fail("Error processing tar file(exit status 1): write /layer.tar: no space left on device")
    with tarfile.open(path) as archive:
        for item in json.loads(archive.extractfile("manifest.json").read().decode("utf-8")):
            for tag in item["RepoTags"]:
                state["images"][tag] = {"id": "sha256:" + item["Config"].split(".")[0], "env": []}


def docker(arguments):
    with open(os.path.join(ROOT, "docker-calls"), "a") as calls:
        calls.write(" ".join(arguments[:2]) + "\n")
    state = read()
    if state["down"]:
        fail(state["down"])
    if arguments[0] == "inspect":
        inspect(state, arguments[1:])
    elif arguments[0] == "load":
        load(state, arguments[-1])
    elif arguments[0] == "pull":
        if state.get("registry"):
            fail(state["registry"])
        state["images"][arguments[1]] = {"id": "sha256:pulled", "env": ["CALICO=image"]}
        name, _at, digest = arguments[1].partition("@")
        print("%sStatus: Downloaded newer image for %s\n%s" % ("Digest: %s\n" % digest if digest else "", arguments[1], arguments[1]))
    elif arguments[0] == "rm":
        if not state["container"] or not alive(state["container"]):
            fail("Error: No such container: calico-node")
        os.kill(state["container"]["pid"], signal.SIGKILL)
        state["container"] = None
    elif arguments[0] == "rmi":
        if arguments[1] not in state["images"]:
            fail("Error: No such image: %s" % arguments[1])
        if state.get("other"):
            fail('Error response from daemon: conflict: unable to remove repository reference "%s" (must force) - container %s is using its referenced'
                 " image" % (arguments[1], state["other"]))
        del state["images"][arguments[1]]
        print("Untagged: %s" % arguments[1])
    elif arguments[:2] == ["network", "ls"]:
        pass
    elif arguments[0] == "logs":
        print(state.get("log", ""))
    else:
        fail("docker: %r is not a docker command." % arguments[0])
    if arguments[0] in ("load", "pull", "rm", "rmi"):
        write(state)


def command(options):
    """The docker run line, its variables in random order as Go's maps give them."""
    with open(options["--config"]) as handle:
        endpoints = shlex.split([line for line in handle if "etcdEndpoints" in line][0])[1]
    env = {"NODENAME": options["--name"], "CALICO_NETWORKING_BACKEND": options["--backend"], "ETCD_ENDPOINTS": endpoints}
    for option, variable in (("--ip", "IP"), ("--ip-autodetection-method", "IP_AUTODETECTION_METHOD")):
        if option in options:
            env[variable] = options[option]
    if "/" in env.get("IP", ""):
        fail("Error executing command: invalid IP address specified: %s" % env["IP"])
    env["CALICO_LIBNETWORK_ENABLED"] = "false" if "--disable-docker-networking" in options else "true"
    if "--as" in options:
        env["AS"] = options["--as"]
    if "--no-default-ippools" in options:
        env["NO_DEFAULT_POOLS"] = "true"
    words = ["-e %s=%s" % pair for pair in env.items()]
    random.shuffle(words)
    how = "--rm" if "--init-system" in options else "-d --restart=always"
    binds = ["%s:/var/log/calico" % options["--log-dir"], "/var/run/calico:/var/run/calico", "/lib/modules:/lib/modules", "/run:/run"]
    line = "docker run --net=host --privileged --name=calico-node %s %s %s %s"
    return line % (how, " ".join(words), " ".join("-v " + bind for bind in binds), options["--node-image"])


def run(state, options):
    words = shlex.split(command(options))
    image = state["images"].get(words[-1])
    if image is None:
        fail("Error executing command: exit status 125\n | Unable to find image '%s' locally" % words[-1])
    old = state["container"]
    time.sleep(state.get("slow", 0))
    if old and alive(old):
        os.kill(old["pid"], signal.SIGKILL)
    name, given = options["--name"], options.get("--ip")
    detected = "10.0.0.11/24" if options.get("--ip-autodetection-method") == "interface=^eth0$" else "9.0.21.1/25"
    state["nodes"][name] = state.get("stores") or ("%s/32" % given if given else state["nodes"].get(name) or detected)
    pid = os.getpid() if "--init-system" in options else os.fork()
    if pid:
        state["container"] = {
            "id": "c%d" % random.randrange(10**6),
            "image": words[-1],
            "image_id": image["id"],
            "image_env": image["env"],
            "env": [words[number + 1] for number, word in enumerate(words) if word == "-e"],
            "binds": [words[number + 1] for number, word in enumerate(words) if word == "-v"],
            "restart": "no" if "--rm" in words else "always",
            "pid": pid,
            "started": time.strftime("%Y-%m-%dT%H:%M:%S.1Z", time.gmtime()),
        }
        write(state)
        link = os.path.join(PROC, str(pid))
        if not os.path.islink(link):
            os.symlink("/proc/%d" % pid, link)
    if pid and "--init-system" not in options:
        print("Calico node started successfully")
        return
    with open(os.devnull, "w") as nothing:
        os.dup2(nothing.fileno(), 1)
        os.dup2(nothing.fileno(), 2)
    os.execv("/bin/sleep", ["calico-felix", "600"])


def apply(state, documents):
    for document in documents:
        if document["kind"] != "node" or document["apiVersion"] != "v1":
            fail("Failed to execute command: Unknown resource type (%s) and/or version (%s)" % (document["kind"], document["apiVersion"]))
        state["nodes"][document["metadata"]["name"]] = document["spec"]["bgp"]["ipv4Address"]
    state["applied"] = state.get("applied", []) + documents
    write(state)
    print("Successfully applied %d 'node' resource(s)" % len(documents))


def config(state, verb, node, words):
    """A setting of Felix of one node."""
    settings = state.setdefault("settings", {})
    key = "%s %s" % (node, words[0])
    if verb == "get":
        print(settings.get(key, "(unset)"))
        return
    if verb == "set":
        settings[key] = words[1]
    else:
        settings.pop(key, None)
    write(state)


def calicoctl(arguments):
    options = dict((word.split("=", 1) + [""])[:2] for word in arguments if word.startswith("--"))
    words, state = [word for word in arguments if not word.startswith("-")], read()
    if state.get("etcd"):
        fail(state["etcd"])
    if words[:2] == ["node", "run"] and "--dryrun" in options:
        print("Use the following command to start the calico/node container:\n\n%s\n" % command(options))
    elif words[:2] == ["node", "run"]:
        run(state, options)
    elif words == ["apply"] and "-f" in arguments:
        apply(state, json.load(sys.stdin))
    elif words[:2] == ["get", "node"]:
        spec = [(name, {"bgp": {"ipv4Address": ip}} if ip else {}) for name, ip in sorted(state["nodes"].items())]
        print(json.dumps([{"kind": "node", "apiVersion": "v1", "metadata": {"name": name}, "spec": bgp} for name, bgp in spec]))
    elif words[:2] == ["get", "bgpPeer"]:
        print(json.dumps(state["peers"]))
    elif words == ["config", "get", "nodeToNodeMesh"]:
        print(state["mesh"])
    elif words[0] == "config" and options["--raw"] == "felix":
        config(state, words[1], options["--node"], words[2:])
    else:
        fail("Invalid option: %r" % arguments)


NAME = os.path.basename(sys.argv[0])
{"docker": docker, "calicoctl": calicoctl}[NAME](sys.argv[1:])
