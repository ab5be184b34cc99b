# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what is to be installed is all of one release: digests, addresses, names of images, and what hosts have already. Pure.

What is on a host with the wanted digest is not fetched again, so digests of another release leave its tools beside a node of this one, without a word.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from ansible_collections.dcos.calico.plugins.module_utils._calico import _releases
from ansible_collections.dcos.calico.plugins.module_utils._calico._preflight_pools import ALL
from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError

REMEDY = 'Run dcos.calico.manifest for %s and take its digests, or set calico_release to %s'


def check_release(verdict, expectations):
    """Digests, addresses and images that are those of another release, as far as they say so."""
    try:
        wanted = _releases.versions(expectations['release'])
    except ValidationError:
        return  # which is noted elsewhere
    release, noted = _plain(expectations['release']), _plain(expectations.get('manifest_release') or '')
    artefacts = expectations.get('artefacts') or []
    given = [artefact['name'] for artefact in artefacts if artefact.get('sha256') and not artefact.get('image') and artefact['name'] in wanted]
    for artefact in artefacts:
        if artefact.get('other_version'):
            verdict.fail(ALL, 'release', 'the address or image that is given for %s is of %s' % (artefact['name'], artefact['other_version']),
                         'calico_release is %s, to which %s belongs' % (release, wanted[artefact['name']]), 'Correct it, or set calico_release')
    if given and not noted:
        verdict.warn(ALL, 'checksum', 'the digests do not say of which release they are', 'those of another one than %s would not be noticed' % release,
                     'Have dcos.calico.manifest write them again, or set calico_manifest_release to that release')
    elif given and noted != release:
        _compare(verdict, given, wanted, release, noted)


def _compare(verdict, given, wanted, release, noted):
    try:
        theirs = _releases.versions(noted)
    except ValidationError:
        verdict.fail(ALL, 'checksum', 'calico_manifest_release is %s, of which this collection knows nothing' % noted, None,
                     'Run dcos.calico.manifest for %s and take its digests' % release)
        return
    differ = ['%s %s' % (name, theirs[name]) for name in given if theirs[name] != wanted[name]]
    if differ:
        verdict.fail(ALL, 'checksum', 'the digests are those of release %s, and calico_release is %s' % (noted, release),
                     '%s would be taken for what belongs to %s' % (', '.join(differ), release), REMEDY % (release, noted))


def check_digests(verdict, hosts, expectations):
    """Digests of executables that a host has, and that tell another version than the release's; hosts as in _preflight."""
    try:
        wanted = _releases.versions(expectations['release'])
    except ValidationError:
        return
    sums = dict((artefact['sha256'].lower(), artefact) for artefact in expectations.get('artefacts') or [] if artefact.get('sha256'))
    found = {}
    for host in sorted(hosts):
        for item in hosts[host]['info'].get('executables') or []:
            artefact = sums.get(item.get('sha256'))
            other = _releases.other_version(artefact['name'], item.get('version'), expectations['release']) if artefact else None
            if other:
                found.setdefault((artefact['name'], artefact['variable'], other), []).append(host)
    for (name, variable, other), owners in sorted(found.items()):
        verdict.fail(ALL, 'checksum', '%s is the digest of %s %s, which %s has%s' % (
            variable, name, other, owners[0], ' and %d more' % (len(owners) - 1) if len(owners) > 1 else ''),
            'calico_release is %s, to which %s belongs' % (_plain(expectations['release']), wanted[name]),
            'Run dcos.calico.manifest for %s and take its digests, or set calico_release' % _plain(expectations['release']))


def _plain(release):
    name = str(release).strip()
    return name[1:] if name.startswith('v') else name
