"""What holds of every update that is cut off: it goes on to the very bits, and the record, of one that was not."""

from __future__ import annotations

import pytest
from tests.conformance.cuts import in_pieces, untimed
from tests.conformance.scenarios import SCENARIOS, SETTINGS
from tests.conformance.specimens import SPECIMENS, SUBJECTS, bits, differing, life

pytestmark = [
    pytest.mark.parametrize("scenario", SCENARIOS),
    pytest.mark.parametrize("name", SUBJECTS),
]


@pytest.mark.parametrize(("every", "lives"), [(1, 4), (3, 1)], ids=["every step", "now and then"])
def test_however_often_it_is_cut_it_is_the_same_update(name, scenario, every, lives):
    """Now and then: a phase may end without an entry, and is run again."""
    parent, child, _, updated = life(SUBJECTS[name], scenario)
    before = bits(parent)
    again, record, processes = in_pieces(parent, SCENARIOS[scenario].second, SETTINGS, 4, every, lives)
    solves = name in SPECIMENS and bool(SPECIMENS[name].solves)
    assert (processes == 1) == solves
    assert again.classes == child.classes
    assert differing(bits(parent), before) == []
    assert differing(bits(again), bits(child)) == []
    assert untimed(record) == untimed(updated)
