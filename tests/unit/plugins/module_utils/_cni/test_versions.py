# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._cni import _versions


@pytest.mark.parametrize('answer, versions', [
    ('{"cniVersion":"0.3.1","supportedVersions":["0.1.0","0.2.0","0.3.0","0.3.1"]}\n', ['0.1.0', '0.2.0', '0.3.0', '0.3.1']),
    ('{"cniVersion":"0.3.1","supportedVersions":[]}', None),
    ('{"cniVersion":"0.3.1","supportedVersions":[1]}', None),
    ('{"cniVersion":"0.3.1"}', None),
    ('{"code":100,"msg":"unknown CNI_COMMAND: VERSION"}', None),
    ('[]', None),
    ('Usage: calicoctl', None),
    ('', None),
])
def test_supported(answer, versions):
    assert _versions.supported(answer) == versions


def test_question():
    assert json.loads(_versions.question('0.1.0')) == {'cniVersion': '0.1.0'}
