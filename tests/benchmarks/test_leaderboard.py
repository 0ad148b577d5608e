"""The leaderboard: what stands on it, who is ahead, and what its table tells."""

from __future__ import annotations

from dataclasses import replace

import pytest
from benchmarks.leaderboard.__main__ import document
from benchmarks.leaderboard.entries import entries
from benchmarks.leaderboard.page import front, table
from benchmarks.leaderboard.streams import STREAMS, short
from tests.experiment.story import ran

from onward import catalogue
from onward.experiment.results import Estimate, Results, Summary
from onward.experiment.toml_file import Document
from onward.experiment.trial import FIELDS
from onward.schema import problems
from onward.streams.named import SCENARIOS


def summary(label: str, accuracy: float, samples: float) -> Summary:
    measures = {"average_accuracy": Estimate(accuracy, 0.0), "samples": Estimate(samples, 0.0)}
    return Summary(label, label, 1, 0, measures)


def test_ahead_is_what_nobody_beats_at_no_higher_cost():
    """b is as accurate as a and dearer; c is cheaper and less accurate; d is both dearer and less accurate than a."""
    every = [summary("a", 0.9, 2), summary("b", 0.9, 3), summary("c", 0.8, 1), summary("d", 0.7, 3)]
    assert front(every) == ("a", "c")
    assert front([*every, summary("as a", 0.9, 2)]) == ("a", "c", "as a")
    assert front([*every, replace(summary("none", 1.0, 0), runs=0)]) == ("a", "c")


def test_the_most_accurate_comes_first_and_what_failed_is_told_below():
    failed = replace(ran("gem", 0, [[0.5]]), outcome=None, failure="it\n broke")
    cells = (ran("warm_start", 0, [[0.9, 0.0], [0.5, 0.8]]), ran("lwf | replay", 0, [[0.9, 0.0], [0.8, 0.8]]), failed)
    lines = table(Results("two", cells)).splitlines()
    assert lines[2].startswith("| **<code>lwf &#124; replay</code>** | 80.0 | 10.0 |")
    assert lines[3].startswith("| <code>warm_start</code> | 65.0 | 40.0 |")
    assert lines[-1] == "- `gem`: it broke"


@pytest.mark.parametrize("stream", STREAMS)
def test_every_stream_is_sound_but_for_its_data_and_every_method_stands_on_it(stream):
    values = document(stream, seeds=3)
    assert problems(Document, values) == []
    given = values["stream"]
    assert set(given) <= {*FIELDS, *SCENARIOS[given["scenario"]].options}
    assert set(values["methods"]) >= {*catalogue.names(), *catalogue.CHAINS}
    assert short(stream).replace("-", "").isalnum()


def test_every_entry_is_a_chain_that_there_is_and_stands_once():
    chains = [catalogue.parsed(entry) for entry in entries()]
    assert len({repr(chain) for chain in chains}) == len(chains)
