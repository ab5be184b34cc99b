"""Records that no test plays: file -> name -> reason. A record is here or it has a test, never both."""

from __future__ import annotations

from harness.records import load

_STARTED = (
    "calico/node itself runs until its unit is stopped (exit code -1) or Docker fails; 10-node plays what calicoctl does before, 21-calico-node-startup "
    "what the node says"
)
_RUN = "calicoctl node run --node-image=calico/node:v2.6.6 --name=<ip> --ip=autodetect --ip-autodetection-method=interface=eth0 --backend=bird --log-dir=<path>"
_RUNS = (
    f"{_RUN} --no-default-ippools --disable-docker-networking --init-system --config=<path>",
    *(
        f"{_RUN} --no-default-ippools --disable-docker-networking --init-system --config=<path> #{number}"
        for number in (1, 2, 3)
    ),
    *(f"{_RUN} --no-default-ippools --init-system --config=<path> #{number}" for number in (1, 2, 3)),
)

NOT_RUN: dict[str, dict[str, str]] = {
    "10-node.jsonl": {"birdc show protocols": "BIRD's own client asking BIRD: no tool of Calico in it"},
    "09-timeouts.jsonl": {
        "etcd without the v2 API: raw http": "curl asking etcd itself: no tool of Calico in it",
    },
    "23-product-calls.jsonl": {
        **dict.fromkeys(_RUNS, _STARTED),
        **{
            f"calicoctl node status #{number}": "sessions of a whole lab; 10-node plays the same call with a BIRD that has some"
            for number in (1, 2, 3)
        },
    },
    "25-docker-etcd-bird.jsonl": {
        record.name: "Docker, etcd and BIRD themselves: no tool of Calico in it"
        for record in load("25-docker-etcd-bird.jsonl")
    },
    "29-bird-restarts.jsonl": {
        record.name: "BIRD itself, which the stand-in has too; the unit tests hold their double of it to it"
        for record in load("29-bird-restarts.jsonl")
    },
    "29-felix-status.jsonl": {
        **{
            record.name: "Felix itself, whose reports the stand-in does not write; unit tests of the audit take them from here"
            for record in load("29-felix-status.jsonl")
        },
        "felix reports: config set": "calicoctl sets what Felix then does; 06-config plays the same call with another setting",
    },
    "26-etcd-keys.jsonl": {
        record.name: "curl asking etcd itself: no tool of Calico in it; the unit tests hold their double of etcd to it"
        for record in load("26-etcd-keys.jsonl")
    },
}
