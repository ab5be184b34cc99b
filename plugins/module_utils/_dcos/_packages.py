# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A desired package against an installed one: what is compared, what differs, what an uninstallation leaves behind. Pure."""
from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils._dcos import _readiness, _schema
from ansible_collections.dcos.calico.plugins.module_utils._dcos._cosmos import Description, Installed, options_of
from ansible_collections.dcos.calico.plugins.module_utils._dcos._marathon_app import app_id as absolute
from ansible_collections.dcos.calico.plugins.module_utils._dcos._marathon_app import differences as app_differences
from ansible_collections.dcos.calico.plugins.module_utils._dcos._schema import Difference
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

HIDDEN = "(secret, not shown)"
SECRET_NAME = re.compile(r"passw|secret|token|private.?key|credential|api.?key", re.IGNORECASE)
OWN_LABELS = "DCOS_PACKAGE_"
NAME_LABEL, VERSION_LABEL = "DCOS_PACKAGE_NAME", "DCOS_PACKAGE_VERSION"
UNINSTALLING = "SDK_UNINSTALL"
# What a step of calico-dcos leaves on each agent: the option's group that switches it, the thing, how it goes.
CALICO_ON_AGENTS = (
    ("Run Calico-Node", "container calico-node", "docker rm -f calico-node"),
    ("Install CNI", "network file calico.cni in Mesos' CNI directory", "remove it: Mesos offers the network calico as long as it is there"),
    ("Install CNI", "plugins calico and calico-ipam in Mesos' plugin directory", "remove them when no container uses the network any more"),
    ("Install CNI", "the installer's notes in /etc/calico/installer", "remove them: a new installation takes each step that they name for done"),
    (
        "Configure Docker Cluster-Store",
        "key cluster-store in /etc/docker/daemon.json",
        "remove it, and restart Docker when that suits: with it Docker starts only where the datastore answers",
    ),
)


@dataclasses.dataclass(frozen=True)
class Desired:
    """A package as it is to be.

    :ivar options: what the user gives; what an installation is asked for.
    :ivar complete: the same, with the defaults.
    :ivar app: the app that Cosmos makes of it.
    :ivar given_id: the app's id, if the user gave one.
    :ivar secret: paths of options that must not be shown.
    """

    description: Description
    options: dict[str, Any]
    complete: dict[str, Any]
    app: dict[str, Any]
    given_id: str | None = None
    secret: frozenset[tuple[str, ...]] = frozenset()

    @property
    def app_id(self) -> str:
        return absolute(str(self.app["id"]))


@dataclasses.dataclass(frozen=True)
class Actual:
    """What there is of a package under an app's id: its app, or somebody else's (installed is None then), or nothing."""

    name: str
    installed: Installed | None
    app: dict[str, Any] | None
    schema: dict[str, Any] | None = None

    @property
    def version(self) -> str | None:
        return self.installed.version if self.installed else None

    @property
    def options(self) -> dict[str, Any] | None:
        """All options it was installed with; None if nobody noted them."""
        noted = options_of(self.app or {})
        return None if noted is None else _schema.merge(_schema.defaults(self.schema), noted)

    @property
    def contradictory(self) -> bool:
        """Whether Cosmos and Marathon, which are asked one after the other, tell of different moments.

        Cosmos' list is made of the labels of Marathon's apps. An app without them is somebody else's, about which the two do not disagree.
        """
        if self.installed is not None and self.app is None:
            return True
        labels = (self.app or {}).get("labels") or {}
        if self.installed is None:
            return labels.get(NAME_LABEL) == self.name
        return labels.get(VERSION_LABEL, self.installed.version) != self.installed.version

    @property
    def leaving(self) -> bool:
        """Whether it uninstalls itself right now."""
        return str(((self.app or {}).get("env") or {}).get(UNINSTALLING, "")).lower() == "true"


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What differs.

    :ivar by: what was compared: C(options) as Cosmos noted them, the C(app) where it did not, or C(version) alone where versions differ, because those of
        two versions mean different things.
    """

    by: str
    differences: tuple[Difference, ...]
    version: bool = False

    @property
    def same(self) -> bool:
        return not self.differences and not self.version


def check_options(description: Description, options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(the user's options with the types that the schema wants, the same with all defaults).

    :raises ValidationError: naming everything that the schema refuses.
    """
    name = f"{description.name} {description.version}"
    if description.schema is None:
        if options:
            raise ValidationError(f"Package {name} has no options", f"given are {', '.join(sorted(options))}", "Leave out options")
        return {}, {}
    own = _schema.coerce(dict(options), description.schema)
    complete = _schema.merge(_schema.defaults(description.schema), own)
    found = _schema.problems(complete, description.schema)
    if found:
        raise ValidationError(f"Package {name} cannot be installed with these options", "; ".join(found), "Correct them; nothing was sent")
    return own, complete


def compare(desired: Desired, actual: Actual) -> Comparison:
    """What differs between an installed package and a desired one."""
    if actual.version != desired.description.version:
        return Comparison("version", (), True)
    options = actual.options
    if options is not None:
        return Comparison("options", tuple(_schema.differences(options, desired.complete)))
    return Comparison("app", tuple(app_differences(without_own_labels(desired.app), without_own_labels(actual.app or {}))))


def without_own_labels(app: Mapping[str, Any]) -> dict[str, Any]:
    """An app without what Cosmos itself writes on it, and which differs between its versions."""
    labels = {name: value for name, value in (app.get("labels") or {}).items() if not name.startswith(OWN_LABELS)}
    return {**app, "labels": labels}


def reconcile(desired: Desired | None, actual: Actual, app_id: str, name: str) -> Plan:
    """The plan: nothing, an installation, a removal (desired is None), or a removal and an installation."""
    plan = Plan()
    before = _side_of_actual(actual, desired.secret if desired else frozenset()) if actual.installed else None
    label = f"package {name} ({app_id})"
    if desired is None:
        plan.add(label, before, None)
    elif actual.installed is None or not compare(desired, actual).same:
        after: dict[str, Any] = {"version": desired.description.version, "options": masked(desired.complete, desired.secret)}
        # two texts that are hidden look the same
        plan.add(label, before, after if after != before else {**after, "options": {**after["options"], "(changed)": HIDDEN}})
    return plan


def _side_of_actual(actual: Actual, secret: frozenset[tuple[str, ...]]) -> dict[str, Any]:
    options = actual.options
    shown: Any = "(not noted by this version of Cosmos)" if options is None else masked(options, secret)
    return {"version": actual.version, "options": shown}


def masked(options: Mapping[str, Any], secret: Iterable[tuple[str, ...]], path: tuple[str, ...] = ()) -> dict[str, Any]:
    """Options without the values of those that are secret, or are called so."""
    hidden = set(secret)
    found: dict[str, Any] = {}
    for name, value in options.items():
        here = (*path, name)
        if isinstance(value, dict):
            found[name] = masked(value, hidden, here)
        else:
            found[name] = HIDDEN if is_secret(here, hidden) and value not in (None, "") else value
    return found


def is_secret(path: tuple[str, ...], secret: Iterable[tuple[str, ...]]) -> bool:
    return path in set(secret) or bool(SECRET_NAME.search(path[-1]))


def sentences(found: Iterable[Difference], secret: Iterable[tuple[str, ...]] = ()) -> list[str]:
    """Differences in words, such as C(etcd.cluster-size is 3, not 5)."""
    names = {_schema.name_of(path) for path in secret}
    said = []
    for one in found:
        if one.option in names or SECRET_NAME.search(one.option.rpartition(".")[2]):
            said.append(f"{one.option} differs {HIDDEN}")
        elif one.installed is None:
            said.append(f"{one.option} is not set, and is to be {_shown(one.desired)}")
        else:
            said.append(f"{one.option} is {_shown(one.installed)}, {'and is not required' if one.desired is None else f'not {_shown(one.desired)}'}")
    return said


def _shown(value: Any) -> str:
    return json.dumps(value, default=str)


def told(desired: Desired, actual: Actual, comparison: Comparison) -> list[str]:
    """A comparison in words."""
    version = [f"its version is {actual.version}, not {desired.description.version}"] if comparison.version else []
    return version + sentences(comparison.differences, desired.secret)


def refused(desired: Desired, actual: Actual, comparison: Comparison, reinstall: bool) -> CalicoError | None:
    """Why an installed package that differs is left as it is; None if it may be reinstalled."""
    name, old = desired.description.name, str(actual.version)
    in_the_way = in_the_way_of_another(name, old, actual.options or {})
    if reinstall and not in_the_way:
        return None
    said = told(desired, actual, comparison)
    why = "; ".join(said)
    remedy = "Set version and options to what is installed, or "
    if in_the_way:
        remedy += f"uninstall it with state: absent, which loses all data in it, remove what stays behind ({in_the_way}), and install it anew"
    else:
        remedy += "set reinstall to true, which uninstalls it first. DC/OS changes no package in place by an API that every version has"
    return CalicoError(f"Package {name} ({desired.app_id}) is installed, but not as required", why, remedy, differences=said, compared=comparison.by)


def in_the_way_of_another(name: str, version: str, options: Mapping[str, Any]) -> str | None:
    """What keeps a package from being installed again right after its removal: etcd-mesos finds the id of a framework that was torn down, and stops."""
    if name == "etcd" and version.startswith("0.0."):
        return leftovers(name, version, options)[0]["remedy"].partition(":")[0]
    return None


def leftovers(name: str, version: str, options: Mapping[str, Any]) -> list[dict[str, str]]:
    """What is known to stay behind when a package is uninstalled: what, where, how it goes."""
    if name == "etcd" and version.startswith("0.0."):
        node = _zookeeper_node(options, "etcd", "etcd")
        return [_left(f"ZooKeeper node /{node}", "the masters", f"{_janitor(node)}: without it a new installation never gets healthy")]
    if name != "calico":
        return []
    node = _zookeeper_node(options, "Framework Settings", "calico")
    return [
        _left(f"ZooKeeper node /{node}", "the masters", f"{_janitor(node)}: without it a new installation takes over the old tasks' state"),
        *(_left(what, "each agent", how) for name, what, how in CALICO_ON_AGENTS if _readiness.group(options, name).get("enable", True)),
        _left("Calico's data below /calico", "etcd", "etcdctl rm --recursive /calico, when no node uses it any more"),
    ]


def framework_leftover(framework_id: str) -> dict[str, str]:
    """Cosmos tears down the framework that the app's label names; this one registers under another name."""
    how = f"POST /mesos/master/teardown with the body frameworkId={framework_id}; otherwise Mesos ends its tasks a week after its scheduler is gone"
    return _left(f"framework calico ({framework_id}) with its tasks, etcd proxies and calico/node among them", "Mesos", how)


def _left(what: str, where: str, remedy: str) -> dict[str, str]:
    return {"what": what, "where": where, "remedy": remedy}


def _zookeeper_node(options: Mapping[str, Any], group: str, fallback: str) -> str:
    """The node in an option such as zk://zk-1.zk:2181,zk-2.zk:2181/calico."""
    return str(_readiness.group(options, group).get("zk", "")).partition("://")[2].partition("/")[2].strip("/") or fallback


def _janitor(node: str) -> str:
    return f"docker run mesosphere/janitor /janitor.py -z {node} on a master"
