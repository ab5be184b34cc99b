"""The agent, or with arguments its client.

dcos-mesos-slave                                                 run the agent
dcos-mesos-slave launch NETWORK... --name NAME [--label K=V]     attach a new container; prints it as JSON
dcos-mesos-slave kill ID-OR-NAME                                 detach and remove it
dcos-mesos-slave list                                            all containers, as JSON
dcos-mesos-slave networks                                        the networks known now, and their files
dcos-mesos-slave executor DIR                                    what the agent starts for a task of its HTTP side
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
from typing import Any

from ..errors import StandinError
from . import agent, executor, glog

_DEADLINE = 330


def main() -> None:
    """Entry point of the zipapp."""
    if len(sys.argv) == 1:
        try:
            agent.serve()
        except StandinError as exc:
            glog.error(str(exc))
            sys.exit(1)
        return
    if sys.argv[1] == "executor":
        executor.main(sys.argv[2])
        return
    answer = _ask(_request(sys.argv[1:]))
    if "error" in answer:
        print(answer["error"], file=sys.stderr)
        sys.exit(1)
    print(json.dumps(answer["result"], indent=2))


def _request(argv: list[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="dcos-mesos-slave", description=(__doc__ or "").splitlines()[0])
    actions = parser.add_subparsers(dest="action", required=True)
    launch = actions.add_parser("launch", help="attach a new container to networks")
    launch.add_argument("networks", metavar="NETWORK", nargs="+")
    launch.add_argument("--name", required=True)
    launch.add_argument("--label", dest="labels", metavar="KEY=VALUE", type=_pair, action="append", default=[])
    kill = actions.add_parser("kill", help="detach and remove a container")
    kill.add_argument("container", metavar="ID-OR-NAME")
    actions.add_parser("list", help="print all containers")
    actions.add_parser("networks", help="print the known networks")
    request = vars(parser.parse_args(argv))
    if "labels" in request:
        request["labels"] = dict(request["labels"])
    return request


def _pair(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return key, value


def _ask(request: dict[str, Any]) -> dict[str, Any]:
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(_DEADLINE)
            line.connect(str(agent.SOCKET))
            line.sendall(json.dumps(request).encode() + b"\n")
            with line.makefile("r", encoding="utf-8") as reader:
                return dict(json.loads(reader.readline()))
    except OSError as exc:
        return {"error": f"the agent does not answer on {agent.SOCKET}: {exc}"}


if __name__ == "__main__":
    main()
