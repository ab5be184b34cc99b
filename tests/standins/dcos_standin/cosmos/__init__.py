"""Cosmos: the package service, over the Universe and Marathon."""
