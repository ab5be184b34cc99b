"""What the contract suite's tests are written with; README.md beside this package tells how."""

from .records import Record
from .rig import Rig
from .scenario import MODES, Scenario

__all__ = ["MODES", "Record", "Rig", "Scenario"]
