"""The process calico-felix."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from ...errors import EtcdError, StandinError
from ...ipam.log import Log
from ..datastore import Datastore, Snapshot, Watch, connect
from ..startup import node_name
from . import interfaces
from .chains import render
from .config import Config
from .model import Model, read
from .netfilter import DataplaneError, Netfilter

_TICK = 1.0
_RESYNC = 30.0
_LOOSE = 2
_DEFAULT_HEALTH_PORT = 9099
_DEFAULT_METRICS_PORT = 9091
_IN_SYNC = 3


class Felix:
    """One run, from start to a change of the configuration."""

    def __init__(self, etcd: Datastore, node: str) -> None:
        self._etcd = etcd
        self._node = node
        snapshot = self._ready_snapshot()
        self._config = Config.load(snapshot, node)
        self._log = Log(self._config.level, sys.stdout)
        self._ready = False
        self._netfilter = Netfilter()
        self._interfaces = interfaces.Interfaces()
        self._watch = Watch()
        self._model: Model = read(snapshot, node)
        self._checked = time.monotonic()

    def _ready_snapshot(self) -> Snapshot:
        """Wait for a datastore whose Ready flag is set."""
        log = Log("INFO", sys.stdout)
        while True:
            try:
                snapshot = self._etcd.snapshot()
            except EtcdError as exc:
                appear()
                log.error("etcd.go 200", f"Failed to load datastore config, retrying: {exc}")
            else:
                if snapshot.get("/v1/Ready") == "true":
                    return snapshot
                appear()
                log.info("felix.go 300", "Datastore isn't ready, waiting")
            time.sleep(_TICK)

    def run(self) -> None:
        """Program the dataplane until the configuration changes."""
        appear()
        self._refuse_loose_filter()
        interfaces.prepare_host()
        if self._config.flag("HealthEnabled"):
            self._serve_health()
        if self._config.flag("PrometheusMetricsEnabled"):
            self._serve_metrics()
        self._watch.start()
        self._watch.changed.set()
        while True:
            if self._watch.changed.is_set():
                self._watch.changed.clear()
                if not self._refresh():
                    self._log.warning("felix.go 616", "Felix is shutting down", reason="config changed")
                    return
            self._program()
            self._watch.changed.wait(_TICK)

    def _serve_health(self) -> None:
        from .health import serve_health  # costs time that the restart loop of a refused start must not take

        serve_health(self._config.number("HealthPort", _DEFAULT_HEALTH_PORT), lambda: self._ready)

    def _serve_metrics(self) -> None:
        from .health import serve

        serve(
            self._config.number("PrometheusMetricsPort", _DEFAULT_METRICS_PORT),
            {"/metrics": lambda: (200, self._metrics())},
        )

    def _metrics(self) -> str:
        """Those of the real one that this one can tell."""
        found = {
            "felix_active_local_endpoints": len(self._model.local),
            "felix_cluster_num_workload_endpoints": len(self._model.endpoints),
            f'felix_host{{host="{self._node}"}}': 1,
            "felix_resync_state": _IN_SYNC,
        }
        return "".join(
            f"# TYPE {name.partition('{')[0]} gauge\n{name} {value}\n" for name, value in sorted(found.items())
        )

    def _refuse_loose_filter(self) -> None:
        if interfaces.reverse_path_filter() != _LOOSE:
            return
        if self._config.flag("IgnoreLooseRPF"):
            self._log.warning("int_dataplane.go 760", "Kernel's RPF check is set to 'loose' and IgnoreLooseRPF is set")
            return
        self._log.fatal(
            "int_dataplane.go 763",
            "Kernel's RPF check is set to 'loose'.  This would allow endpoints to spoof their IP address.  "
            "Calico requires net.ipv4.conf.all.rp_filter to be set to 0 or 1. If you require loose RPF and you are "
            "not concerned about spoofing, this check can be disabled by setting the IgnoreLooseRPF configuration "
            "parameter to 'true'.",
        )
        sys.exit(1)

    def _refresh(self) -> bool:
        """Read the datastore; False when the configuration is another."""
        try:
            snapshot = self._etcd.snapshot()
            self._watch.seen(snapshot.index)
            if Config.load(snapshot, self._node) != self._config:
                return False
            self._model = read(snapshot, self._node)
        except StandinError as exc:
            self._log.error("etcd.go 210", f"Lost sync with the datastore: {exc}")
        return True

    def _program(self) -> None:
        """Bring the dataplane to the model's state; what others have undone included."""
        try:
            if self._ready and (not self._netfilter.is_first() or self._overdue()):
                self._netfilter.forget()
            self._netfilter.apply(render(self._model, self._config))
            self._interfaces.refresh(self._model)
            if self._config.flag("IpInIpEnabled"):
                interfaces.set_up_tunnel(self._config.text("IpInIpTunnelAddr"), self._log)
        except (DataplaneError, OSError) as exc:
            self._log.error("int_dataplane.go 500", f"Failed to program the dataplane, retrying: {exc}")
            return
        self._ready = True

    def _overdue(self) -> bool:
        now = time.monotonic()
        if now - self._checked < _RESYNC:
            return False
        self._checked = now
        return True


def main() -> None:
    """Run until the configuration changes; the supervisor starts the next run."""
    Felix(connect(), node_name()).run()


def appear() -> None:
    """Be seen as the process calico-felix, which `calicoctl node status` looks for."""
    Path("/proc/self/comm").write_text("calico-felix", encoding="ascii")


if __name__ == "__main__":
    main()
