"""The benchmark runs as a command, and its rivals differ in the order of memory alone."""

from __future__ import annotations

import pytest
import torch


def test_the_table_has_a_line_for_each_order_of_each_cell_and_names_the_machine(run):
    printed, facts = run
    for name in ("channels first", "channels last"):
        assert sum(f"│ {name} " in line for line in printed.splitlines()) == len(facts["cells"]) == 1
    assert facts["machine"]["processor"] in printed and torch.__version__ in printed
    assert facts["clock"] == "CPU time"


def test_a_ratio_is_that_of_the_slopes_of_each_round(run, ratios_are_of_slopes):
    for result in run[1]["cells"]:
        ratios_are_of_slopes(result, "channels last", beside="channels first")


def test_both_orders_make_the_same_weights_up_to_rounding(bench):
    cell = bench.QUICK[0]
    first, last = (list(rival(3).state_dict().values()) for rival in bench.rivals(cell).values())
    for one, other in zip(first, last, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)
    begun = list(bench.untrained(cell, bench.made_up(cell)).state_dict().values())
    assert not torch.allclose(first[0], begun[0], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("name", "last"), [("channels first", False), ("channels last", True)])
def test_convolutions_meet_images_in_the_order_that_the_name_says(bench, name, last):
    met = []
    images = torch.zeros(2, 3, 8, 8)
    network = bench.rivals(bench.QUICK[0])[name](1)
    for layer in network.modules():
        if isinstance(layer, torch.nn.Conv2d):
            layer.register_forward_hook(lambda _, inputs, output: met.extend((inputs[0], output)))
    network(images)
    assert len(met) == 6
    assert {each.is_contiguous(memory_format=torch.channels_last) for each in met} == {last}
