"""Fixtures of all tests below."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

# pytest finds fixtures by their names here.
# pylint: disable=unused-import
from .file_server import answer, as_root, certificate, file_server, tls_server  # noqa: F401
from .systemd_host import free_port, systemd_host  # noqa: F401
