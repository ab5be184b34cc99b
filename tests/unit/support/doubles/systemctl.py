"""A systemctl for unit tests: units are files below $DOUBLES/etc/systemd/system, services are real processes. State is kept in $DOUBLES/systemd.

What it does not know, it refuses, so that a test cannot pass by accident. Runs on Python 2.7 and 3.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import glob
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time

ROOT = os.environ["DOUBLES"]
UNITS = os.path.join(ROOT, "etc", "systemd", "system")
STATE = os.path.join(ROOT, "systemd", "state.json")
NEW_SESSION = {"start_new_session": True} if sys.version_info >= (3, 2) else {"preexec_fn": os.setsid}


def read(path):
    with open(path) as handle:
        return handle.read()


def called(commands):
    """Whether commands succeed, one after the other, those with - always."""
    return all(subprocess.call(shlex.split(command.lstrip("-"))) == 0 or command.startswith("-") for command in commands)


def on_disk(name):
    """Text of a unit with its drop-ins, None if there is no such unit."""
    path = os.path.join(UNITS, name)
    if not os.path.exists(path):
        return None
    if os.path.islink(path) and os.readlink(path) == "/dev/null":
        return "masked"
    return "".join(read(each) for each in [path] + sorted(glob.glob(path + ".d/*.conf")))


def links(name):
    """What enables a unit: links in the directories of what wants it, also while there is no unit."""
    return [path for path in glob.glob(os.path.join(UNITS, "*.wants", "*")) if os.path.basename(path) == name]


def enable(name):
    for target in " ".join(settings(on_disk(name) or "", "WantedBy")).split():
        directory = os.path.join(UNITS, target + ".wants")
        if not os.path.isdir(directory):
            os.mkdir(directory)
        if not os.path.lexists(os.path.join(directory, name)):
            os.symlink(os.path.join(UNITS, name), os.path.join(directory, name))


def settings(text, key):
    return re.findall(r"^%s=(.*)$" % key, text.replace("\\\n", ""), re.MULTILINE)


def words(line):
    """Words of a command line of a unit; specifiers and variables are not known here, only the signs that stand for themselves when doubled."""
    found = shlex.split(line)
    if re.search(r"(?<![%$])(%%|[$][$])*[%$](?![%$])", line):
        sys.exit("Failed to start: %r has a specifier or variable." % line)
    return [word.replace("%%", "%").replace("$$", "$") for word in found]


def alive(pid):
    try:
        return read("/proc/%d/stat" % pid).rsplit(")", 1)[1].split()[0] not in "ZX"
    except (IOError, OSError):
        return False


def monotonic():
    return time.clock_gettime(time.CLOCK_MONOTONIC) if hasattr(time, "clock_gettime") else float(read("/proc/uptime").split()[0])


class Manager:
    def __init__(self):
        self.state = json.loads(read(STATE))

    def save(self):
        with open(STATE, "w") as handle:
            json.dump(self.state, handle, sort_keys=True)

    def load(self, name):
        if name not in self.state["loaded"] and on_disk(name) is not None:
            self.state["loaded"][name] = on_disk(name)
        return self.state["loaded"].get(name)

    def start(self, name):
        text = self.load(name)
        if text is None or text == "masked":
            sys.exit("Failed to start %s: Unit is %s." % (name, text or "not found"))
        service = self.state["services"].get(name, {"pid": 0})
        if service.get("done") or service["pid"] and alive(service["pid"]):
            return
        environment = dict(os.environ)
        for path in settings(text, "EnvironmentFile"):
            if os.path.exists(path.lstrip("-")):
                lines = [line for line in read(path.lstrip("-")).splitlines() if "=" in line and not line.startswith("#")]
                environment.update((line.split("=", 1)[0], line.split("=", 1)[1].strip("\"'")) for line in lines)
        for desired in " ".join(settings(text, "Wants")).split():
            if on_disk(desired) is not None:
                self.start(desired)
        ready = [subprocess.call(shlex.split(command.lstrip("-"))) == 0 or command.startswith("-") for command in settings(text, "ExecStartPre")]
        if "oneshot" in settings(text, "Type"):
            done = all(ready) and called(settings(text, "ExecStart"))
            self.runtime_directories(text, done)
            self.state["services"][name] = {"pid": 0, "since": int(monotonic() * 1e6), "done": done}
            return
        if not all(ready):
            self.state["services"][name] = {"pid": 0, "since": int(monotonic() * 1e6)}
            return
        environment["NOTIFY_FILE"] = os.path.join(ROOT, "systemd", name + ".ready")
        with open(os.path.join(ROOT, "systemd", name + ".journal"), "a") as journal, open(os.devnull) as nothing:
            process = subprocess.Popen(
                words(settings(text, "ExecStart")[-1]),
                stdin=nothing,
                stdout=journal,
                stderr=journal,
                close_fds=True,
                env=environment,
                **NEW_SESSION
            )
        with open(os.path.join(ROOT, "systemd", "started"), "a") as started:
            started.write("%d\n" % process.pid)
        time.sleep(0.02)
        self.state["services"][name] = {"pid": process.pid, "since": int(monotonic() * 1e6)}

    def ready(self, name, text, pid):
        """Whether a service has said that it runs, where it is of a type that does: with its pid in $NOTIFY_FILE, which stands for $NOTIFY_SOCKET."""
        path = os.path.join(ROOT, "systemd", name + ".ready")
        return "notify" not in settings(text, "Type") or os.path.exists(path) and read(path) == str(pid)

    def runtime_directories(self, text, there):
        """RuntimeDirectory=: there while the unit is up."""
        for directory in settings(text, "RuntimeDirectory"):
            path = os.path.join(ROOT, "run", directory)
            if there != os.path.isdir(path):
                (os.makedirs if there else os.rmdir)(path)

    def stop(self, name):
        service = self.state["services"].pop(name, None)
        self.runtime_directories(self.load(name) or "", False)
        for command in settings(self.load(name) or "", "ExecStop") if service and service.get("done") else ():
            subprocess.call(shlex.split(command.lstrip("-")))
        if service and service["pid"] and alive(service["pid"]):
            os.kill(service["pid"], signal.SIGKILL)
            while alive(service["pid"]):
                time.sleep(0.01)

    def shown(self, name):
        disk = on_disk(name)
        text = self.state["loaded"].get(name, disk)
        service = self.state["services"].get(name)
        values = {"Id": name, "ActiveState": "inactive", "SubState": "dead", "MainPID": 0, "Result": "success", "UnitFileState": ""}
        if service and service.get("done"):
            values.update(ActiveState="active", SubState="exited", ExecMainStartTimestampMonotonic=service["since"])
        elif service and service["pid"] and alive(service["pid"]):
            state = ("active", "running") if self.ready(name, text or "", service["pid"]) else ("activating", "start")
            values.update(ActiveState=state[0], SubState=state[1], MainPID=service["pid"], ExecMainStartTimestampMonotonic=service["since"])
        elif service and settings(text or "", "Restart"):
            values.update(ActiveState="activating", SubState="auto-restart", Result="exit-code")
            self.start(name)
        elif service:
            values.update(ActiveState="failed", SubState="failed", Result="exit-code")
        if disk:
            plain = "disabled" if "[Install]" in disk else "static"
            values["ExecStart"] = "{ path=x ; argv[]=%s ; ignore_errors=no }" % "".join(settings(disk, "ExecStart")[-1:])
            values["UnitFileState"] = "masked" if disk == "masked" else "enabled" if links(name) else plain
        values["LoadState"] = "masked" if text == "masked" else "loaded" if text is not None else "not-found"
        values["NeedDaemonReload"] = "yes" if text is not None and disk != text else "no"
        return values

    def files(self, name):
        """As systemd 219 writes them."""
        for path in settings(self.load(name) or "", "EnvironmentFile"):
            print("EnvironmentFile=%s (ignore_errors=%s)" % (path.lstrip("-"), "yes" if path.startswith("-") else "no"))

    def show(self, arguments):
        desired, names = [], []
        for number, word in enumerate(arguments):
            if arguments[number - 1] == "-p":
                desired.append(word)
            elif word != "-p":
                names.append(word)
        blocks = [[(key, value) for key, value in sorted(self.shown(name).items()) if key in desired] for name in names]
        print("\n\n".join("\n".join("%s=%s" % pair for pair in block) for block in blocks))


def main():
    arguments = [word for word in sys.argv[1:] if word != "--no-block"]
    with open(os.path.join(ROOT, "systemd", "calls"), "a") as calls:
        calls.write(" ".join(arguments if arguments[0] != "show" else ["show"] + [w for w in arguments[1:] if "." in w]) + "\n")
    verb, names, manager = arguments[0], arguments[1:], Manager()
    if names[:2] == ["-p", "EnvironmentFiles"]:
        manager.files(names[2])
    elif verb == "show":
        manager.show(names)
    elif verb == "daemon-reload":
        manager.state["loaded"] = dict((name, on_disk(name)) for name in manager.state["loaded"] if on_disk(name) is not None)
    elif verb == "enable":
        for name in names:
            enable(name)
    elif verb == "disable":
        for name in names:
            for path in links(name):
                os.unlink(path)
                if not os.listdir(os.path.dirname(path)):
                    os.rmdir(os.path.dirname(path))
    elif verb in ("start", "stop", "restart"):
        for name in names:
            if verb != "start":
                manager.stop(name)
            if verb != "stop":
                manager.start(name)
    elif verb == "reload":
        if not all(called(settings(manager.load(name), "ExecReload")) for name in names):
            sys.exit("Job for %s failed. See 'systemctl status %s' and 'journalctl -xn' for details." % (names[0], names[0]))
    elif verb != "reset-failed":
        sys.exit("Unknown operation %s." % verb)
    manager.save()


main()
