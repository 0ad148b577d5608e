"""What a version says of examples, for a terminal and for a file."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

import numpy as np

from onward.cli.show import console, percent, print_table, table
from onward.engine.check import check_shape
from onward.engine.evaluate import Judgement
from onward.errors import InputError, counted
from onward.learner import Learner
from onward.metrics.flips import class_accuracy
from onward.types import Examples, present


class Row(TypedDict):
    """The prediction for one example: its place in the source, the most probable class, and how probable that is."""

    row: int
    label: str
    probability: float
