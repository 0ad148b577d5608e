"""Methods compared: a stream x methods x seeds, from a TOML file to a table with intervals."""

from onward.experiment.plan import Experiment
from onward.experiment.pool import conduct
from onward.experiment.results import Results
from onward.experiment.toml_file import read

__all__ = ["Experiment", "Results", "conduct", "read"]
