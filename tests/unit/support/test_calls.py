"""What the product has systemd call is on record, too; and a call that is not on record is found."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import shlex
import sys

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._calico import _node

from .calls import without_record

pytestmark = pytest.mark.skipif(sys.version_info < (3, 11), reason="the records' reader is for newer Pythons")
RUN = ["calicoctl", "node", "run", "--node-image=calico/node:v2.6.6", "--name=10.0.0.1"]


@pytest.mark.parametrize("as_number", [None, 64600])
@pytest.mark.parametrize("libnetwork", [False, True])
def test_the_unit_of_a_node(as_number, libnetwork):
    params = dict(calicoctl="/opt/calico/bin/calicoctl", config="/etc/calico/calicoctl.cfg", image="calico/node:v2.6.6", name="10.0.0.1", backend="bird",
                  log_dir="/var/log/calico", as_number=as_number, no_default_ippools=True, libnetwork=libnetwork, init_system=True, after_units=[])
    lines = [line.partition("=")[2].lstrip("-") for line in _node.unit_text(params, "/usr/bin/docker", "eth0").splitlines() if line.startswith("Exec")]
    calls = [(shlex.split(line.replace("%%", "%").replace("$$", "$")), {}, None) for line in lines]
    assert [call[0][0].rpartition("/")[2] for call in calls] == ["calicoctl", "docker"]
    calls.append((calls[0][0] + ["--dryrun"], {}, None))
    assert without_record(calls) == []


def test_the_address_with_its_prefix_that_was_refused_is_not_on_record():
    """The call for which no record stood, and which fails on the real tool."""
    call = RUN + ["--ip=10.0.0.1/24", "--backend=bird", "--config=/etc/calico/calicoctl.cfg"]
    assert without_record([(call, {}, None)]) == ["calicoctl node run --backend=bird --config=<path> --ip=<prefix> --name=<name> --node-image=<image>"]
