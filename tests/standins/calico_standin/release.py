"""The release of Calico 2.6 that the stand-ins are of, as far as they say so; build.py writes another name here."""

from __future__ import annotations

NAME = "2.6.6"
# calicoctl, the commit that it says it is of, and the CNI plugins.
_OF = {"2.6.6": ("v1.6.3", "d4cfc95c", "v1.11.2"), "2.6.12": ("v1.6.5", "614fcf12", "v1.11.8")}
CALICOCTL, COMMIT, PLUGINS = _OF[NAME]
NODE = f"v{NAME}"
