"""Ports for services of tests. Imported by other suites too, which run on this machine at the same time."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import random
import socket

FIRST, LAST = 10000, 65535
# The kernel's range for connections: a port of it is free now, and the next moment it may be that of another test's server or client.
RANGE_FILE = "/proc/sys/net/ipv4/ip_local_port_range"
TRIES = 100
CHOICE = random.SystemRandom()


def outside_of_connections():
    """Ports that no connection is given by the kernel; all, where it gives all of them."""
    with open(RANGE_FILE) as handle:
        low, high = [int(word) for word in handle.read().split()]
    ports = range(FIRST, LAST + 1)
    return [port for port in ports if not low <= port <= high] or list(ports)


def is_free(port):
    """Whether a service could listen to it on loopback, by TCP and by UDP."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        probe = socket.socket(socket.AF_INET, kind)
        try:
            probe.bind(("127.0.0.1", port))
        except (IOError, OSError):
            return False
        finally:
            probe.close()
    return True


def free_port():
    """A port of 127.0.0.1 that nobody uses, and that stays so until a service of the test listens to it."""
    candidates = outside_of_connections()
    for dummy in range(TRIES):
        port = CHOICE.choice(candidates)
        if is_free(port):
            return port
    raise AssertionError("none of %d ports outside of %s is free" % (TRIES, RANGE_FILE))
