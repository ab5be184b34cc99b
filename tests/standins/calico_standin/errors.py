"""What can go wrong between a stand-in and its datastore, in the real tools' words."""

from __future__ import annotations


class StandinError(Exception):
    """Any failure a stand-in reports to its user; str() is the text the real tool prints."""


class ConfigError(StandinError):
    """The client cannot be made: bad config file, bad certificate files, bad endpoints."""


class EtcdError(StandinError):
    """A request to etcd failed."""


class EtcdUnavailable(EtcdError):
    """No endpoint gave an answer."""


class InvalidAnswer(EtcdError):
    """Something answered that is not an etcd with the v2 API."""


class KeyNotFound(EtcdError):
    """etcd error 100."""


class KeyExists(EtcdError):
    """etcd error 105: create on a key that is there."""


class CompareFailed(EtcdError):
    """etcd error 101: compare-and-swap or compare-and-delete lost."""
