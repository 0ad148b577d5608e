"""What a method sees of an update: its own part, and its own random streams."""

from __future__ import annotations

import pytest
import torch

from onward.context import Context, Scratch, part
from onward.settings import Settings
from onward.types import Examples

DATA = Examples(torch.zeros(1, 2), torch.zeros(1, dtype=torch.int64), ("a",))
KEPT = {"ewc/fisher/w": torch.ones(1), "ewc.2/fisher/w": torch.zeros(1), "replay/seen": torch.tensor(3)}
CONTEXT = Context(DATA, None, KEPT, Settings(), seed=1)


def test_each_method_of_a_chain_sees_what_it_kept_and_nothing_else():
    assert CONTEXT.under("ewc").kept == {"fisher/w": KEPT["ewc/fisher/w"]}
    assert CONTEXT.under("ewc.2").kept == {"fisher/w": KEPT["ewc.2/fisher/w"]}
    assert CONTEXT.under("lwf").kept == {}
    assert part(CONTEXT.under("ewc").kept, "fisher") == {"w": KEPT["ewc/fisher/w"]}


def test_a_method_draws_the_same_whatever_else_is_in_the_chain():
    def draw(context, *names):
        return int(torch.randint(2**60, (), generator=context.generator(*names)))

    ewc, lwf = CONTEXT.under("ewc"), CONTEXT.under("lwf")
    first = draw(ewc, "fisher")
    draw(lwf, "fisher")
    assert draw(ewc, "fisher") == first == draw(CONTEXT, "ewc", "fisher")
    assert len({first, draw(lwf, "fisher"), draw(ewc, "other"), draw(CONTEXT, "fisher")}) == 4


def test_scratch_has_a_part_for_each_method_in_one_store():
    whole = Scratch()
    si, other = whole.under("si"), whole.under("si.2")
    si["omega"], other["omega"] = torch.ones(1), torch.zeros(2)
    assert list(si) == ["omega"] and len(si) == 1 and len(si["omega"]) == 1
    assert sorted(whole) == ["si.2/omega", "si/omega"]
    si.under("deep")["x"] = torch.ones(3)
    assert sorted(si) == ["deep/x", "omega"]
    del si["omega"]
    assert "omega" not in si and "omega" in other
    with pytest.raises(KeyError):
        si["omega"]


def test_scratch_holds_tensors_only():
    with pytest.raises(TypeError, match="'count' is a int"):
        Scratch()["count"] = 3


def test_contexts_under_one_update_share_their_scratch_and_two_updates_do_not():
    CONTEXT.under("si").scratch["seen"] = torch.ones(1)
    assert "seen" in CONTEXT.under("si").scratch
    assert "seen" not in Context(DATA, None, {}, Settings(), seed=1).under("si").scratch
    CONTEXT.under("si").scratch.clear()
    assert len(CONTEXT.scratch) == 0
