# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker 1.11 and later, by its command line client."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os
import re
import tarfile

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, CommandError
from ansible_collections.dcos.calico.plugins.module_utils._untrusted import from_json
from ansible_collections.dcos.calico.plugins.module_utils._host import _command, _stream

LOOK, CHANGE, LOAD = 20, 60, 600
ABSENT = re.compile(r'No such (object|image|container)', re.IGNORECASE)
ROOM = 'Free space on the file system of the directory that "docker info" calls Docker Root Dir, and run again'
CHANGED = 'The registry, or a proxy before it, sends something else than the digest names: ask who runs it, and pull nothing from there until you know'
UNKNOWN = "Correct the image's name, tag or digest, or push it there: the registry was reached, and has none of it"
UNREACHED = 'Let this host reach the registry, or give the image as an archive (image_archive)'
DAEMON_CONFIG = '/etc/docker/daemon.json'


def present():
    """Absolute path of Docker's client, or None."""
    return _command.find('docker')


def inspect(*names):
    """Objects of C(docker inspect) of those containers and images that exist; raises CommandError if Docker does not answer."""
    result = _command.run(['docker', 'inspect'] + list(names), LOOK)
    if result.rc != 0 and not ABSENT.search(result.err + result.out):
        raise CommandError('docker inspect failed', why=result.said(), remedy='Start Docker: systemctl start docker')
    try:
        return from_json(result.out or '[]')
    except ValueError:
        raise CommandError('docker inspect did not answer in JSON', why=result.said())


def container_and_image(container, reference):
    """(object of a container or None, object of an image or None) in one call."""
    found = inspect(container, reference)
    containers = [item for item in found if 'State' in item and item.get('Name') == '/' + container]
    images = [item for item in found if 'State' not in item and ('RepoTags' in item or 'RootFS' in item)]
    return containers[0] if containers else None, images[0] if images else None


def image(reference):
    """Object of an image by id or name, or None."""
    return next((item for item in inspect(reference) if 'State' not in item), None)


def load(path):
    """C(docker load) of an archive; what Docker loses of earlier images under the same tag stays, untagged."""
    result = _command.run(['docker', 'load', '-q', '-i', path], LOAD)
    if result.rc != 0:
        raise CommandError('Docker cannot load the images of %s' % path, why=result.said(),
                           remedy=_room(result, 'See "journalctl -u docker" on this host, and try "docker load" by hand'))


def pull(reference):
    """C(docker pull); the registry's words are in the error."""
    result = _command.run(['docker', 'pull', reference], LOAD)
    if result.rc != 0:
        said = result.said()
        otherwise = CHANGED if 'verification failed' in said else UNKNOWN if 'manifest unknown' in said else UNREACHED
        raise CommandError('The image %s cannot be pulled' % reference, why=said, remedy=_room(result, otherwise))


def _room(result, otherwise):
    """What to do about a failure that may be one of space, of which Docker needs about twice the image's size."""
    return ROOM if 'no space left' in result.said().lower() else otherwise


def remove_container(name):
    """C(docker rm -f); no error where it is not there, which older and newer Dockers tell by different exit codes."""
    result = _command.run(['docker', 'rm', '-f', name], CHANGE)
    if result.rc != 0 and not ABSENT.search(result.err + result.out):
        raise CommandError('The container %s cannot be removed' % name, why=result.said())


def remove_image(reference):
    """C(docker rmi) of a name; why Docker keeps it, such as for another container, or None."""
    result = _command.run(['docker', 'rmi', reference], CHANGE)
    return None if result.rc == 0 or ABSENT.search(result.err + result.out) else result.said()


def logs(name, lines=80):
    """The last lines that a container wrote; '' if it is gone."""
    try:
        result = _command.run(['docker', 'logs', '--tail', str(lines), name], LOOK)
    except CommandError:
        return ''
    return result.out + result.err if result.rc == 0 else ''


def archive_contents(path, label=None):
    """[(image id, [tags])] of an archive made by C(docker save), packed or not; read from its manifest, without Docker.

    :arg label: what it is called in errors, its path by default.

    Image specification 1.2: manifest.json lists, for each image, its Config (named by the digest that is the image id) and its RepoTags.
    """
    try:
        with tarfile.open(path, 'r:*') as archive:
            manifest = from_json(to_native(_stream.whole(archive.extractfile('manifest.json'), 'manifest.json of %s' % path)))
        found = []
        for item in manifest:
            digest = os.path.basename(item['Config']).replace('.json', '')
            found.append(('sha256:' + digest, item.get('RepoTags') or []))
        return found
    except (tarfile.TarError, IOError, OSError, EOFError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise CalicoError('%s is not an archive of images' % (label or path), why=to_native(error),
                          remedy='Make it with "docker save IMAGE > FILE", by Docker 1.10 or later')


def same_reference(first, second):
    """Whether two names of images are one for Docker, which leaves out its own registry and the tag latest."""
    return _normal(first) == _normal(second)


def _normal(reference):
    for prefix in ('docker.io/', 'index.docker.io/', 'library/'):
        if reference.startswith(prefix):
            reference = reference[len(prefix):]
    return reference if ':' in reference.rpartition('/')[2] else reference + ':latest'
