"""Records that no test plays: file -> name -> reason. A record is here or it has a test, never both."""

from __future__ import annotations

NOT_RUN: dict[str, dict[str, str]] = {
    "10-node.jsonl": {"birdc show protocols": "BIRD's own client asking BIRD: no tool of Calico in it"},
    "09-timeouts.jsonl": {
        "etcd without the v2 API: raw http": "curl asking etcd itself: no tool of Calico in it",
    },
}
