"""allocate-ipip-addr: the node's tunnel address, once."""

from __future__ import annotations

import sys

from ..errors import StandinError
from ..ipam.log import Log
from .confd import ensure_tunnel_address
from .datastore import connect
from .startup import node_name


def main() -> None:
    """Allocate or release it, as the pools ask; exit 1 when the datastore does not answer."""
    log = Log("INFO", sys.stdout)
    log.info("client.go 202", "Loading config from environment")
    try:
        etcd = connect()
        ensure_tunnel_address(etcd, etcd.snapshot(), node_name(), log)
    except StandinError as exc:
        log.fatal("allocate_ipip_addr.go 60", str(exc))
        sys.exit(1)


if __name__ == "__main__":
    main()
