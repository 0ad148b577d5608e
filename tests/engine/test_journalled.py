"""An update that is cut goes on to the same bits, however it is optimised; and what it refuses to go on from."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tests.conformance.cuts import Cut, Pages, in_pieces, untimed
from tests.conformance.scenarios import SCENARIOS
from tests.conformance.specimens import bits, differing

from onward.catalogue import parsed
from onward.engine.update import planned, update
from onward.errors import StoppedError, StoreError
from onward.learner import Learner
from onward.settings import Settings

HERE = SCENARIOS["new classes"]
PLAIN = Settings(epochs=3, batch_size=16, lr=0.05)
WAYS = {
    "momentum": {},
    "no momentum": {"momentum": 0.0},
    "nesterov, clipped": {"nesterov": True, "clip": 0.5, "weight_decay": 0.01},
    "adamw": {"optimiser": "adamw", "lr": 0.01, "weight_decay": 0.1},
    "cosine after a warm-up": {"schedule": "cosine", "warmup": 0.3},
    "one cycle": {"schedule": "one_cycle"},
    "half precision": {"precision": "bfloat16"},
    "the head alone": {"trains": "head"},
    "fewer steps than epochs": {"steps": 7},
    "a curve of every third step": {"read_every": 3},
    "held back": {"validation": 0.25},
    "stopped early": {"validation": 0.25, "epochs": 8, "patience": 1, "lr": 0.5},
}


@pytest.fixture(scope="module")
def parent() -> Learner:
    return update(Learner(HERE.net(), parsed("si")), HERE.first, PLAIN, seed=1)[0]


@pytest.mark.parametrize("method", ["si | replay(size=20)", "subspace_connectivity(per_class=2)"])
@pytest.mark.parametrize("way", WAYS)
def test_however_it_is_optimised_it_goes_on_to_the_same_bits(parent, way, method):
    if way in ("nesterov, clipped", "adamw") and method.startswith("subspace"):
        method = "weight_average(decay=0.9) | sam"  # a subspace takes SGD with plain momentum alone
    settings = replace(PLAIN, **WAYS[way])
    whole, told = update(parent, HERE.second, settings, 2, method=parsed(method))
    learner = Learner(parent.model, parsed(method), parent.kept)
    for every, lives in ((1, 5), (2, 3)):
        again, record, processes = in_pieces(learner, HERE.second, settings, 2, every, lives)
        assert processes > 1
        assert differing(bits(again), bits(whole)) == []
        assert untimed(record) == untimed(told)


@pytest.mark.parametrize("scenario", ["images, augmented", "more data, dropout"])
def test_views_and_dropout_draw_on(scenario):
    here = SCENARIOS["byte images, batch norm"] if scenario == "images, augmented" else SCENARIOS[scenario]
    settings = replace(PLAIN, augment=("flip", "crop") if scenario == "images, augmented" else ())
    parent, _ = update(Learner(here.net()), here.first, settings, seed=1)
    whole, _ = update(parent, here.second, settings, seed=2)
    again, _, processes = in_pieces(parent, here.second, settings, 2, 1, 3)
    assert processes > 3 and differing(bits(again), bits(whole)) == []


def test_writing_down_changes_nothing(parent):
    plain, told = update(parent, HERE.second, PLAIN, seed=2)
    pages = Pages(every=1, lives=None)
    noted, record = update(parent, HERE.second, PLAIN, seed=2, journal=pages)
    assert differing(bits(plain), bits(noted)) == [] and untimed(record) == untimed(told)
    assert pages.written == told.cost.steps + len(told.phases)


def test_asked_to_stop_it_writes_down_where_it_is_and_leaves(parent):
    whole, _ = update(parent, HERE.second, PLAIN, seed=2)
    pages = Pages(every=10**9, lives=None)

    def ask(progress):
        assert pages.listening
        pages.stopping = progress.step == 0

    with pytest.raises(StoppedError, match=r"^stopped in phase 'train'; what was done is in the journal$"):
        update(parent, HERE.second, PLAIN, seed=2, journal=pages, observe=ask)
    assert list(pages.entries) == ["now"]
    pages.stopping = False
    again, _ = update(parent, HERE.second, PLAIN, seed=2, journal=pages)
    assert differing(bits(whole), bits(again)) == []
    assert not pages.listening


def test_asked_to_stop_at_a_phases_last_step_it_leaves_when_that_is_over(parent):
    pages = Pages(every=10**9, lives=None)

    def ask(progress):
        pages.stopping = progress.step == progress.steps

    with pytest.raises(StoppedError, match=r"^stopped after phase 'train'; what was done is in the journal$"):
        update(parent, HERE.second, PLAIN, seed=2, journal=pages, observe=ask)
    assert list(pages.entries) == ["phase-000"]


def test_a_phase_that_is_run_again_leaves_the_entry_of_a_later_one(parent):
    """Cut in the second phase, with no entry of the first: the way back there takes no longer for a second cut."""
    method = parsed("freeze_stem | two_step(per_class=4)")
    learner = Learner(parent.model, method, parent.kept)
    pages = Pages(every=10**9, lives=None)
    phases = planned(learner, HERE.second, PLAIN, seed=2)
    assert len(phases) > 1

    def late(progress):
        pages.stopping = progress.phase == phases[1].name and progress.step == 0

    with pytest.raises(StoppedError):
        update(learner, HERE.second, PLAIN, seed=2, journal=pages, observe=late)
    assert list(pages.entries) == ["now"] and pages.entries["now"].facts["phase"] == 1
    written = pages.written
    pages.opened_anew()
    pages.every, pages.stopping = 1, False

    def first(progress):
        if progress.phase != phases[0].name:
            raise Cut

    with pytest.raises(Cut):
        update(learner, HERE.second, PLAIN, seed=2, journal=pages, observe=first)
    assert pages.written == 0 and written == 1 and pages.entries["now"].facts["phase"] == 1


def test_a_dry_run_of_a_journalled_update_writes_nothing(parent):
    pages = Pages(every=10**9, lives=None)
    update(parent, HERE.second, replace(PLAIN, steps=0), seed=2, journal=pages)
    assert pages.entries == {}


def test_the_journal_of_another_update_is_refused(parent):
    def cut(method, data=HERE.second):
        pages = Pages(every=1, lives=2)
        with pytest.raises(Cut):
            update(Learner(parent.model, parsed(method)), data, PLAIN, seed=2, journal=pages)
        return pages

    with pytest.raises(StoreError, match=r"does not belong to this update: it tells of .*'lwf'.* Start anew"):
        update(parent, HERE.second, PLAIN, seed=2, method=parsed("warm_start"), journal=cut("lwf"))
    pages = cut("warm_start")
    pages.entries["now"].tensors["model/head.blocks.0.weight"] = torch.zeros(1, 1)
    with pytest.raises(StoreError, match=r"does not belong to this update: its entry does not fit: .*size mismatch"):
        update(parent, HERE.second, PLAIN, seed=2, method=parsed("warm_start"), journal=pages)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"step": 10**9}, "step 1,000,000,000 of epoch 1 is none of this phase's"),
        ({"samples": 10**400}, "samples must be in"),
        ({"read": -1}, "read must be in"),
        ({"seconds": float("inf")}, "seconds must be >= 0 and finite"),
        ({"curve": []}, "curve"),
        ({"more": 1}, "unknown name 'more'"),
    ],
)
def test_a_place_where_no_phase_can_be_is_refused(parent, wrong, told):
    pages = Pages(every=1, lives=2)
    with pytest.raises(Cut):
        update(parent, HERE.second, PLAIN, seed=2, journal=pages)
    facts = dict(pages.entries["now"].facts)
    pages.entries["now"] = replace(pages.entries["now"], facts={**facts, "position": {**facts["position"], **wrong}})
    with pytest.raises(StoreError, match=f"does not belong to this update: .*{told}"):
        update(parent, HERE.second, PLAIN, seed=2, journal=pages)


def test_time_that_earlier_processes_took_is_on_the_bill_and_energy_that_nobody_counted_is_not(parent):
    pages = Pages(every=10**9, lives=None)
    pages.spent = 1000.0
    _, record = update(parent, HERE.second, PLAIN, seed=2, journal=pages)
    assert 1000 < record.cost.seconds < 1060 and record.cost.joules is None
