# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One question by HTTP, with an end: a socket's own time-out starts anew with each byte, and a body has no end that must come."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import socket
import threading

from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline

LARGEST = 1 << 20
STEPS = 3


class Answer(object):
    """What was answered: status, headers (names in lower case), body (bytes)."""
    __slots__ = ('status', 'headers', 'body')

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body


def ask(connection, path, seconds, method='GET', headers=None, largest=LARGEST, body=None):
    """The Answer to a question; raises IOError, ValueError or HTTPException where there is none, or none of this size within this time.

    :arg connection: of httplib or http.client, which the caller closes.
    :arg seconds: for each step, such as to connect or the next piece of an answer; for all of it STEPS times as many.
    :arg largest: bytes that a body may have.
    :arg body: bytes to send.
    """
    deadline, late = Deadline(STEPS * seconds), []
    connection.timeout = seconds
    if connection.sock is None:
        connection.connect()
    # Its own descriptor: the connection gives up its socket before the body is read.
    other = socket.fromfd(connection.sock.fileno(), socket.AF_INET, socket.SOCK_STREAM)

    def cut():
        late.append(True)
        try:
            other.shutdown(socket.SHUT_RDWR)
        except (OSError, IOError):
            pass  # The other side was faster.

    timer = threading.Timer(deadline.left(), cut)
    timer.daemon = False  # As in _command: not what a calling thread is.
    timer.start()
    try:
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        content = answer.read(largest + 1)
    except Exception:
        if late:
            raise socket.timeout('there was no whole answer within %g seconds' % deadline.seconds)
        raise
    finally:
        timer.cancel()
        other.close()
    if late:
        raise socket.timeout('there was no whole answer within %g seconds' % deadline.seconds)
    if len(content) > largest:
        raise ValueError('the answer has more than %d bytes' % largest)
    return Answer(answer.status, dict((name.lower(), value) for name, value in answer.getheaders()), content)
