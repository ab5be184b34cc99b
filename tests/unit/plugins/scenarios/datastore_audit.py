"""A datastore that is read, and one in which an endpoint and its address are freed."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type


from ...support.scenario import Scenario


def read(use):
    store = use("datastore")
    store.keys.hold({"/calico/v1/Ready": "true"})
    return Scenario(dict(store.options, hosts=["agent1"], result="workloads"), use("tmpdir"))


SCENARIOS = {"read": read}
