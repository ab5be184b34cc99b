"""Walks of modules for modules/test_every_module.py: scenarios/NAME.py holds those of plugins/modules/NAME.py.

Each file has SCENARIOS, {name: function}. A function gets C(use), by which it asks for fixtures by name, makes the sandbox and returns a Scenario.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type


class Scenario:
    """One walk of a module: check, run, run again, check.

    args: of the module.
    root: directory (py.path) that holds the whole sandbox, the state of doubles included. It is looked at before and after each step.
    before: list of arguments with which the module is run first, for a state from which it is to go on.
    alter: callable that is called then, for a drift that is to be repaired.
    noise: globs, relative to root, of what tells that something was asked, or changes by itself; not looked at.
    volatile: globs of what running programs write again and again; only its content is looked at.
    unlike: keys of the result that check mode cannot know.
    blind: why check mode tells that something changes but not what; None if it tells all.
    """

    def __init__(self, args, root, before=(), alter=None, noise=(), volatile=(), unlike=(), blind=None):
        self.args = args
        self.root = root
        self.before = list(before)
        self.alter = alter
        self.noise = list(noise)
        self.volatile = list(volatile)
        self.unlike = set(unlike)
        self.blind = blind
