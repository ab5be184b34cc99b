"""The configuration of BIRD, computed from the datastore."""

from __future__ import annotations

import json
from collections.abc import Iterator

from .datastore import Snapshot

_DEBUG = {"debug": "debug all;", "none": "", "info": "debug { states };", "": "debug { states };"}
_KERNEL = """protocol kernel {
  learn;
  persist;
  scan time 2;
  import all;
  export all;
  graceful restart;
}
"""


def render_v4(snapshot: Snapshot, node: str) -> str | None:
    """bird.cfg for a node; None while the node has no address."""
    own = snapshot.get(f"/bgp/v1/host/{node}/ip_addr_v4")
    if not own:
        return None
    level = snapshot.get(f"/bgp/v1/host/{node}/loglevel") or snapshot.get("/bgp/v1/global/loglevel")
    debug = _DEBUG.get(level, _DEBUG["info"])
    blocks = _own_blocks(snapshot, node)
    parts = [
        f"router id {own};\n",
        _aggregation(blocks),
        _pools_filter(_pools(snapshot)),
        _KERNEL,
        f"protocol device {{\n  {debug}\n  scan time 2;\n}}\n",
        f'protocol direct {{\n  {debug}\n  interface -"cali*", "*";\n}}\n',
        _template(own, _as_number(snapshot, node), debug),
        *_mesh(snapshot, node, own),
        *_peers(snapshot, "/bgp/v1/global/peer_v4", "Global"),
        *_peers(snapshot, f"/bgp/v1/host/{node}/peer_v4", "Node"),
    ]
    return "\n".join(parts)


def render_v6(snapshot: Snapshot, node: str) -> str | None:
    """bird6.cfg: no IPv6 peers, only the protocols that are always there."""
    own = snapshot.get(f"/bgp/v1/host/{node}/ip_addr_v4")
    if not own:
        return None
    return f'router id {own};\nprotocol device {{\n  scan time 2;\n}}\nprotocol direct {{\n  interface -"cali*", "*";\n}}\n'


def tunnelled_pools(snapshot: Snapshot) -> list[str]:
    """The CIDRs of the enabled pools with IPIP."""
    return [str(pool["cidr"]) for pool in _pools(snapshot) if pool.get("ipip") and not pool.get("disabled")]


def _pools(snapshot: Snapshot) -> list[dict[str, object]]:
    return [json.loads(value) for _, value in snapshot.under("/v1/ipam/v4/pool")]


def _own_blocks(snapshot: Snapshot, node: str) -> list[str]:
    names = [name for name, _ in snapshot.under(f"/ipam/v2/host/{node}/ipv4/block")]
    return ["/".join(name.rsplit("-", 1)) for name in names]


def _aggregation(blocks: list[str]) -> str:
    if not blocks:
        return "function calico_aggr()\n{\n}\n"
    routes = "".join(f"  route {block} blackhole;\n" for block in blocks)
    tests = "".join(
        f"  if ( net = {block} ) then {{ accept; }}\n  if ( net ~ {block} ) then {{ reject; }}\n" for block in blocks
    )
    return f"protocol static {{\n{routes}}}\n\nfunction calico_aggr()\n{{\n{tests}}}\n"


def _pools_filter(pools: list[dict[str, object]]) -> str:
    tests = "".join(f"  if ( net ~ {pool['cidr']} ) then {{ accept; }}\n" for pool in pools)
    return f"filter calico_pools {{\n  calico_aggr();\n{tests}  reject;\n}}\n"


def _as_number(snapshot: Snapshot, node: str) -> str:
    return snapshot.get(f"/bgp/v1/host/{node}/as_num") or snapshot.get("/bgp/v1/global/as_num", "64512")


def _template(own: str, as_number: str, debug: str) -> str:
    return (
        "template bgp bgp_template {\n"
        f"  {debug}\n"
        '  description "Connection to BGP peer";\n'
        f"  local as {as_number};\n"
        "  multihop;\n"
        "  gateway recursive;\n"
        "  import all;\n"
        "  export filter calico_pools;\n"
        "  next hop self;\n"
        f"  source address {own};\n"
        "  add paths on;\n"
        "  graceful restart;\n"
        "}\n"
    )


def _mesh(snapshot: Snapshot, node: str, own: str) -> Iterator[str]:
    mesh = json.loads(snapshot.get("/bgp/v1/global/node_mesh") or '{"enabled": true}')
    if not mesh.get("enabled"):
        return
    for host in snapshot.hosts():
        address = snapshot.get(f"/bgp/v1/host/{host}/ip_addr_v4")
        if host != node and address and address != own:
            yield _peer("Mesh", address, _as_number(snapshot, host))


def _peers(snapshot: Snapshot, path: str, kind: str) -> Iterator[str]:
    for _, value in snapshot.under(path):
        peer = json.loads(value)
        if ":" not in peer["ip"]:
            yield _peer(kind, peer["ip"], peer["as_num"])


def _peer(kind: str, address: str, as_number: str) -> str:
    name = f"{kind}_{address.replace('.', '_')}"
    return f"protocol bgp {name} from bgp_template {{\n  neighbor {address} as {as_number};\n}}\n"
