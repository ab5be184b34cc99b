# -*- coding: utf-8 -*-
"""cloud_info against the metadata services of metadata_server.py."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket
import threading
import time

import pytest

from ansible_collections.dcos.calico.plugins.modules import cloud_info

TOKEN = 'PUT /latest/api/token'
DOCUMENT = 'GET /latest/dynamic/instance-identity/document'
AWS = {'cloud': 'aws', 'region': 'eu-central-1', 'zone': 'eu-central-1a', 'instance_id': 'i-0a1b2c3d4e5f60718', 'instance_name': None,
       'project': '123456789012'}
CLOUDS = [
    ('aws', AWS),
    ('aws1', AWS),
    ('gce', {'cloud': 'gce', 'region': 'europe-west1', 'zone': 'europe-west1-b', 'instance_id': '4711', 'instance_name': 'agent-1', 'project': 'my-project'}),
    ('azure', {'cloud': 'azure', 'region': 'westeurope', 'zone': None, 'instance_id': '5c08b38e-4d57', 'instance_name': 'agent-1', 'project': '8d10da13'}),
]


@pytest.fixture
def info(run_module, metadata):
    def run(check=False, **options):
        result = run_module(cloud_info, dict({'endpoint': metadata.url}, **options), check=check)
        result.pop('invocation', None)
        return result

    return run


@pytest.mark.parametrize('cloud, expected', CLOUDS, ids=[cloud for cloud, unused in CLOUDS])
def test_each_cloud_is_told_by_its_own_answers(info, metadata, monkeypatch, cloud, expected):
    monkeypatch.setenv('http_proxy', 'http://127.0.0.1:1')
    metadata.cloud = cloud
    assert info() == dict(expected, changed=False)
    assert metadata.requests[:2] == [TOKEN, DOCUMENT]


@pytest.mark.parametrize('cloud', [None, 'openstack', 'garbage'])
def test_who_knows_none_of_the_documents_is_no_cloud(info, metadata, cloud):
    metadata.cloud = cloud
    result = info(check=True)
    assert result['cloud'] == 'none' and result['region'] is None and result['project'] is None


@pytest.mark.parametrize('host', ['127.0.0.1', '[::1]'])
def test_nobody_listens(info, free_port, host):
    assert info(endpoint='http://%s:%d/' % (host, free_port))['cloud'] == 'none'


def test_who_takes_connections_and_never_answers_costs_no_more_than_the_timeout(info):
    listener = socket.socket()
    listener.bind(('127.0.0.1', 0))
    listener.listen(16)
    begin = time.time()
    assert info(endpoint='http://127.0.0.1:%d' % listener.getsockname()[1], timeout=0.3)['cloud'] == 'none'
    assert time.time() - begin < 5
    listener.close()


def test_who_does_not_speak_http(info):
    listener = socket.socket()
    listener.bind(('127.0.0.1', 0))
    listener.listen(16)

    def chat():
        for unused in range(5):
            try:
                line = listener.accept()[0]
            except (OSError, socket.error):
                return
            line.sendall(b'220 mail.example.com ESMTP\r\n')
            line.close()

    thread = threading.Thread(target=chat)
    thread.daemon = True
    thread.start()
    assert info(endpoint='http://127.0.0.1:%d' % listener.getsockname()[1], timeout=1)['cloud'] == 'none'
    listener.close()


@pytest.mark.parametrize('options, words', [
    (dict(endpoint='https://169.254.169.254'), 'not the address of a metadata service'),
    (dict(endpoint='169.254.169.254'), 'http://169.254.169.254'),
    (dict(endpoint='http://169.254.169.254/latest'), 'not the address'),
    (dict(timeout=0), 'leaves no time'),
])
def test_bad_options(info, options, words):
    result = info(**options)
    assert result['failed'] and words in result['msg']
