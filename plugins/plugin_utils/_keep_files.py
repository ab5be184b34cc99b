# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The unit of an agent that puts back what an upgrade of DC/OS took away, without a controller: its script, its units. Pure.

The script is for a shell and GNU's tools, which every agent has when it boots; a Python outside of what is being swapped not every agent has. It reads the
copies that dcos.calico.cni_network keeps of what the last run put there (module_utils/_host/_copies.py), and the file of dcos.calico.sysctl.
"""

from __future__ import annotations

import shlex
from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils import _unit_text

NAME = "calico-agent-files"  # as dcos.calico.uninstall knows it
UNIT_DIRECTORY = "/etc/systemd/system"
SERVICE, WATCH = f"{NAME}.service", f"{NAME}.path"
COPIES = "/etc/calico/agent-files"  # the default of dcos.calico.cni_network
DCOS = "/opt/mesosphere"
OFF = f"/run/{NAME}.off"  # while an operator wants it to do nothing
AGENT_UNITS = "dcos-mesos-slave.service dcos-mesos-slave-public.service"

SCRIPT = r"""#!/bin/sh
# Managed by Ansible (dcos.calico.calico_host); changes made here by hand are overwritten.
# An upgrade of DC/OS replaces what is below /opt/mesosphere. This puts back what the last run had there and is missing now, links to plugins first, then
# networks, and sets the kernel parameters of the last run. What stands there is neither replaced nor removed. What is done is said, once.
set -fu
umask 077
copies=@copies@
dcos=@dcos@
settings=@settings@
kernel=@kernel@
failed=0
said=''

say() {
    case $said in
    *"|$1|"*) ;;
    *) said="$said|$1|" && echo "$1" ;;
    esac
}

fail() {
    failed=1
    say "$1"
}

# When something was renamed in /opt/mesosphere last, which may be a link to another disk.
changed() {
    stat -L -c %Y "$dcos" 2> /dev/null || echo 0
}

copied() {
    (cd "$copies" && find . -type "$1" ! -name '.dcos-calico.*' | LC_ALL=C sort)
}

# The directory with no link in its path, if nobody but root can change what is in it.
place_of() {
    place=$(readlink -e -- "$1") || {
        say "$1 is not there, and nothing is put into it"
        return 1
    }
    above=$place
    while :; do
        if [ -z "$(find "$above" -maxdepth 0 '(' -user 0 -o -user "$(id -u)" ')' '(' -perm -1000 -o ! -perm -002 '(' ! -perm -020 -o -group 0 ')' ')')" ]; then
            fail "$1 is no place for files of root: others can change $above"
            return 1
        fi
        [ "$above" = / ] && return 0
        above=$(dirname -- "$above")
    done
}

# The other file of a directory that has a network of the same name: Mesos would take one of the two.
rival_of() {
    name=$(sed -n 's/^  "name": "\(.*\)",\{0,1\}$/\1/p' "$1" | tr -d '[:space:]')
    find "$2" -maxdepth 1 -type f -o -maxdepth 1 -type l | while IFS= read -r other; do
        tr -d '[:space:]' < "$other" 2> /dev/null | grep -q -F -e "\"name\":\"$name\"" && echo "$other" && break
    done
}

put_link() {
    target=$(readlink -- "$1")
    if [ "$(readlink -- "$2")" = "$target" ]; then
        return
    elif [ -e "$2" ] || [ -L "$2" ]; then
        say "$2 is another one than the last run made, and is left"
    elif [ ! -x "$target" ]; then
        fail "$target is missing, and $2 with it"
    elif place_of "${2%/*}"; then
        ln -s -T -- "$target" "$place/${2##*/}" && say "$2 was missing, and is a link to $target again" || fail "$2 cannot be made"
    fi
}

put_network() {
    if [ -e "$2" ] || [ -L "$2" ]; then
        cmp -s -- "$1" "$2" || say "$2 is another one than the last run wrote, and is left"
        return
    fi
    place_of "${2%/*}" || return
    rival=$(rival_of "$1" "$place")
    if [ -n "$rival" ]; then
        say "$2 is missing, and is left so: $rival has a network of the same name"
        return
    fi
    # Beside the directory, of which Mesos reads every file. A second name is never made over a file that is there.
    staged=${place%/*}/.dcos-calico.$$.copy
    find "${place%/*}" -maxdepth 1 -name '.dcos-calico.*.copy' -delete
    dd if="$1" of="$staged" conv=excl,fsync status=none && chown --reference="$1" -- "$staged" && chmod --reference="$1" -- "$staged" &&
        ln -T -- "$staged" "$place/${2##*/}" && say "$2 was missing, and is there again" || fail "$2 cannot be written"
    rm -f -- "$staged"
}

put_all() {
    for copy in $(copied l); do
        put_link "$copies/${copy#./}" "${copy#.}"
    done
    # A network whose plugins are missing is refused by Mesos.
    [ $failed -eq 0 ] || return
    for copy in $(copied f); do
        put_network "$copies/${copy#./}" "${copy#.}"
    done
}

set_parameter() {
    case $1 in
    */*) entry=$kernel/$1 ;;
    *) entry=$kernel/$(echo "$1" | tr . /) ;;
    esac
    [ -f "$entry" ] || return
    was=$(echo $(cat "$entry"))
    if [ "$was" != "$2" ]; then
        (echo "$2" > "$entry") && say "$1 was $was, and is $2 again" || fail "$1 cannot be set to $2"
    fi
}

if [ -f "$settings" ]; then
    while IFS='=' read -r key value; do
        case $key in
        '' | '#'*) ;;
        *) set_parameter $key "$(echo $value)" ;;
        esac
    done < "$settings"
fi
[ -d "$copies" ] || exit $failed
refused=$failed
# A run waits for this before it changes what has a copy.
exec 9< "$copies"
flock -w 20 9 || {
    echo "$copies is held by a run that is not done within 20 seconds"
    exit 1
}
IFS='
'
# An upgrade renames one directory after the other: it is over when the last one is some seconds old.
for again in 1 2 3 4 5 6 7 8 9 10; do
    before=$(changed)
    failed=0
    put_all
    [ "$(changed)" -eq "$before" ] && [ $(($(date +%s) - before)) -gt 2 ] && break
    sleep 1
done
[ $refused -eq 0 ] && exit $failed
exit 1
"""


def script(copies: str = COPIES, dcos: str = DCOS, settings: str = "", kernel: str = "/proc/sys") -> str:
    """The script for these paths.

    :param settings: file of kernel parameters, as sysctl.d(5) has them.
    """
    text = SCRIPT
    for name, value in {"copies": copies, "dcos": dcos, "settings": settings, "kernel": kernel}.items():
        text = text.replace(f"@{name}@", shlex.quote(value))
    return text


def _service(path: str) -> str:
    """It is started with the Mesos agent, before it: so it comes after an upgrade is done, and at boot. A failure keeps no agent down."""
    command = " ".join(_unit_text.command(["/bin/sh", path]))
    confined = "\n".join(_unit_text.confinement([path, COPIES]))
    return f"""\
# Managed by Ansible (dcos.calico.calico_host); changes made here by hand are overwritten.
[Unit]
Description=Calico's plugins, networks and kernel parameters, where they are missing
Before={AGENT_UNITS}
ConditionPathExists=!{OFF}

[Service]
Type=oneshot
TimeoutStartSec=60
StartLimitInterval=0
ExecStart={command}
{confined}

[Install]
WantedBy=multi-user.target {AGENT_UNITS}
"""


WATCH_TEXT = f"""\
# Managed by Ansible (dcos.calico.calico_host); changes made here by hand are overwritten.
[Unit]
Description=Whether an upgrade of DC/OS swaps {DCOS}

[Path]
PathChanged={DCOS}

[Install]
WantedBy=multi-user.target
"""


def files(path: str, settings: str, keep: bool) -> list[dict[str, Any]]:
    """Files of the unit, as dcos.calico.agent_files takes them; with keep False, that they are gone.

    :param path: of the script.
    :param settings: see script().
    """
    texts = {
        path: script(settings=settings),
        f"{UNIT_DIRECTORY}/{SERVICE}": _service(path),
        f"{UNIT_DIRECTORY}/{WATCH}": WATCH_TEXT,
    }
    if not keep:
        return [{"path": name, "state": "absent"} for name in texts]
    return [{"path": name, "content": text, "mode": "0755" if name == path else "0644"} for name, text in texts.items()]


def units(keep: bool) -> list[dict[str, Any]]:
    """The units, likewise."""
    if not keep:
        return [{"name": name, "enabled": False, "state": "stopped", "optional": True} for name in (WATCH, SERVICE)]
    watched = {"state": "started", "restart_on": [f"{UNIT_DIRECTORY}/{WATCH}"]}
    return [{"name": SERVICE, "enabled": True}, {"name": WATCH, "enabled": True, **watched}]
