# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which public cloud a host is in, by the metadata service that each offers at one link-local address.

Python's own HTTP client, because requests to that address must never go through a proxy, and because the time for all of it is short.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import re
import socket

from ansible.module_utils.common.text.converters import to_text

from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._untrusted import from_json
from ansible_collections.dcos.calico.plugins.module_utils._host import _http

try:
    from http.client import HTTPConnection, HTTPException
except ImportError:
    from httplib import HTTPConnection, HTTPException

ENDPOINT = 'http://169.254.169.254'
NONE = dict.fromkeys(('region', 'zone', 'instance_id', 'instance_name', 'project'))
_URL = re.compile(r'^http://([^/:@?#]+|\[[0-9a-fA-F:]+\])(?::(\d{1,5}))?/?\Z')
_PATIENCE = 1.0  # seconds for one connection or answer


class Service(object):
    """The metadata service of this host.

    :arg endpoint: its base address; raises ValidationError if it is none.
    :arg deadline: _deadline.Deadline of all requests together.
    """

    def __init__(self, endpoint, deadline):
        match = _URL.match(endpoint)
        if not match:
            raise ValidationError('%s is not the address of a metadata service' % endpoint, remedy='Write it like %s' % ENDPOINT)
        self._host, self._port = match.group(1).strip('[]'), int(match.group(2) or 80)
        self._deadline = deadline

    def _time(self):
        return max(0.05, min(_PATIENCE, self._deadline.left()))

    def listens(self):
        """Whether anybody takes a connection there."""
        try:
            socket.create_connection((self._host, self._port), self._time()).close()
            return True
        except (socket.error, OverflowError):
            return False

    def ask(self, method, path, headers):
        """(status, headers in lower case, text) of an answer; (0, {}, '') if there is none in time."""
        if self._deadline.passed():
            return 0, {}, ''
        connection = HTTPConnection(self._host, self._port, timeout=self._time())
        try:
            answer = _http.ask(connection, path, self._time(), method, headers)
            return answer.status, answer.headers, to_text(answer.body, errors='surrogate_or_replace')
        except (socket.error, HTTPException, ValueError):
            return 0, {}, ''
        finally:
            connection.close()


def _object(status, text):
    """The dict that an answer holds, {} if it does not."""
    try:
        found = from_json(text) if status == 200 else None
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}


def _text(found, key):
    """A value as text, None if there is none."""
    value = found.get(key)
    return None if value in (None, '') or isinstance(value, (dict, list)) else to_text(value)


def _last(path):
    """The last part of a resource's name, such as C(projects/1/zones/europe-west1-b)."""
    return path.rsplit('/', 1)[-1] if path else None


def aws(service):
    """By the instance's identity document, with a token where the service wants one (IMDSv2)."""
    status, unused, token = service.ask('PUT', '/latest/api/token', {'X-aws-ec2-metadata-token-ttl-seconds': '60', 'Content-Length': '0'})
    headers = {'X-aws-ec2-metadata-token': token} if status == 200 and token and '\n' not in token else {}
    status, unused, text = service.ask('GET', '/latest/dynamic/instance-identity/document', headers)
    found = _object(status, text)
    if not _text(found, 'instanceId') or not _text(found, 'region'):
        return None
    return dict(NONE, cloud='aws', region=_text(found, 'region'), zone=_text(found, 'availabilityZone'), instance_id=_text(found, 'instanceId'),
                project=_text(found, 'accountId'))


def gce(service):
    """By what Google's service says of the instance; it names itself in a header."""
    flavour = {'Metadata-Flavor': 'Google'}
    status, headers, text = service.ask('GET', '/computeMetadata/v1/instance/?recursive=true', flavour)
    found = _object(status, text)
    if headers.get('metadata-flavor') != 'Google' or not found:
        return None
    status, unused, project = service.ask('GET', '/computeMetadata/v1/project/project-id', flavour)
    zone = _last(_text(found, 'zone'))
    return dict(NONE, cloud='gce', zone=zone, region=zone.rsplit('-', 1)[0] if zone else None, instance_id=_text(found, 'id'),
                instance_name=_text(found, 'name'), project=project.strip() or None if status == 200 else None)


def azure(service):
    """By the instance metadata service of Azure."""
    status, unused, text = service.ask('GET', '/metadata/instance?api-version=2017-08-01&format=json', {'Metadata': 'true'})
    compute = _object(status, text).get('compute')
    if not isinstance(compute, dict) or not _text(compute, 'vmId'):
        return None
    return dict(NONE, cloud='azure', region=_text(compute, 'location'), zone=_text(compute, 'zone'), instance_id=_text(compute, 'vmId'),
                instance_name=_text(compute, 'name'), project=_text(compute, 'subscriptionId'))


def detect(endpoint, deadline):
    """{cloud, region, zone, instance_id, instance_name, project}; cloud is C(none), and the rest None, where no known service answers."""
    service = Service(endpoint, deadline)
    if service.listens():
        for known in (aws, gce, azure):
            found = known(service)
            if found:
                return found
    return dict(NONE, cloud='none')
