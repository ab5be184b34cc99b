"""Files and names that the parts of calico/node share."""

from __future__ import annotations

from pathlib import Path

RUN_DIR = Path("/var/run/calico")
LOG_DIR = Path("/var/log/calico")
BIRD_DIR = Path("/etc/calico/confd/config")
STARTUP_ENV = Path("startup.env")
BIRD_CONTROL = {4: RUN_DIR / "bird.ctl", 6: RUN_DIR / "bird6.ctl"}
BIRD_CONFIG = {4: BIRD_DIR / "bird.cfg", 6: BIRD_DIR / "bird6.cfg"}
TUNNEL_DEVICE = "tunl0"
