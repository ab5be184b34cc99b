# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What talking to DC/OS can end in. Every message names host and port, the cause and what to do."""
from __future__ import annotations

from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError

# What Admin Router, and services behind it, answer while a part of the cluster restarts or elects a leader.
TRANSIENT_STATUS = (502, 503, 504)
# Kinds of ours for answers that carry none of their own; other kinds are the class names and codes that the services give.
NOT_JSON = "NotJson"
SERVICE_NOT_FOUND = "ServiceNotFound"
STALE_CACHE = "StaleCache"
TRANSIENT_KIND = (SERVICE_NOT_FOUND, STALE_CACHE)


class DcosError(CalicoError):
    """A DC/OS cluster could not be asked, or did not do what it was asked for.

    :ivar status: HTTP status of the answer, None if there was none.
    :ivar kind: what a service calls the error, such as C(PackageNotFound) (Cosmos) or C(ERR_INVALID_CREDENTIALS) (Bouncer); None if it has no name.
    :ivar data: what a service tells about it in structured form, None if nothing.
    """

    def __init__(
        self,
        what: str,
        why: str | None = None,
        remedy: str | None = None,
        status: int | None = None,
        kind: str | None = None,
        data: Any = None,
    ) -> None:
        super().__init__(what, why, remedy)
        self.status = status
        self.kind = kind
        self.data = data

    @property
    def transient(self) -> bool:
        """Whether the same request may succeed a little later, with nobody doing anything."""
        return self.status in TRANSIENT_STATUS or self.kind in TRANSIENT_KIND


class ConnectionFailed(DcosError):
    """No answer: no connection, one that was cut, or none in time.

    :ivar sent: whether the request may have reached the other side all the same.
    """

    def __init__(self, what: str, why: str | None = None, remedy: str | None = None, sent: bool = True) -> None:
        super().__init__(what, why, remedy)
        self.sent = sent

    @property
    def transient(self) -> bool:
        return True


class TlsFailed(DcosError):
    """The other side could not be verified, so nothing was sent."""


class AuthenticationFailed(DcosError):
    """A 401, or a login that was refused: the cluster does not know who asks."""


class PermissionDenied(DcosError):
    """A 403: the cluster knows who asks, and does not let him."""


class ApiError(DcosError):
    """An answer that is not one of those expected."""


class DeadlineExceeded(DcosError):
    """What was waited for did not come in time."""
