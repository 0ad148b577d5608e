"""How a version is told on a terminal."""

from __future__ import annotations

from onward.cli.versions import network_text

MLP = {"net": "mlp", "shape": [4], "width": 5}


def test_a_network_is_told_as_a_call_and_what_stands_around_it_after_it():
    deep = {"net": "deepened", "inner": MLP, "layers": 1, "width": 8, "seed": 3}
    assert network_text(MLP) == "mlp(shape=[4], width=5)"
    told = "mlp(shape=[4], width=5), deepened(layers=1, width=8)"
    assert network_text(deep) == told
    grown = {"net": "expanded", "inner": deep, "added": {"layers.1": 3, "layers.3": 4}}
    assert network_text(grown) == f"{told}, expanded by 7 units in 2 layers"
    larger = {"net": "enlarged", "inner": MLP, "units": {"network.layers.1": 5, "top.0": 1}, "layers": 1}
    assert network_text(larger) == "mlp(shape=[4], width=5), widened by 5 units in 1 layer, deepened by 1 layer"
    assert network_text({**larger, "units": {}}) == "mlp(shape=[4], width=5), deepened by 1 layer"
