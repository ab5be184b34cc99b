"""In every Python of a run, by PYTHONPATH: write down what modules tell the system's log, and with what arguments programs are started."""

import os
import sys
import syslog

LOG = os.environ.get("DCOS_CALICO_SEEN")


def _write(kind, text):
    descriptor = os.open(LOG + kind, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, text.encode("utf-8", "surrogateescape") + b"\n")
    finally:
        os.close(descriptor)


def _audited(event, arguments):
    if event in ("subprocess.Popen", "os.exec", "os.posix_spawn"):
        _write(".started", repr(arguments[1]))


def _syslog(*arguments):
    _write(".syslog", str(arguments[-1]))


if LOG:
    syslog.syslog = _syslog
    sys.addaudithook(_audited)
