"""A host in AWS, whose metadata service wants a token."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ...support.scenario import Scenario


def aws(use):
    metadata = use("metadata")
    metadata.cloud = "aws"
    return Scenario({"endpoint": metadata.url}, use("tmpdir"))


SCENARIOS = {"aws": aws}
