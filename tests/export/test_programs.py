"""Programs of torch's own, and what may be in their files."""

from __future__ import annotations

import logging
import warnings

import pytest
import torch
from torch import nn

from onward.datasets.source import read
from onward.errors import InputError, StoreError
from onward.export.programs import (
    PROGRAM,
    capturing,
    opened_program,
    opened_script,
    write_program,
    write_script,
)


def test_a_program_with_a_pickle_in_it_is_not_read(tmp_path):
    """torch.export.save as it comes writes the example inputs as a pickle."""
    program = torch.export.export(nn.Linear(2, 2), (torch.ones(3, 2),))
    torch.export.save(program, tmp_path / PROGRAM)
    with pytest.raises(StoreError, match=r"model.pt2 holds pickles \(model/data/sample_inputs/model.pt\)"):
        opened_program(tmp_path)
    program.example_inputs = None
    torch.export.save(program, tmp_path / PROGRAM)
    assert opened_program(tmp_path)(torch.ones(3, 2)).shape == (3, 2)


@pytest.mark.parametrize("write", [write_script, write_program])
def test_one_input_is_enough_to_capture_a_network_for_any_batch(cnn, tmp_path, write):
    inputs = read("digits:test@rows=0:5").inputs
    write(tmp_path, cnn.model.eval(), inputs[:1], None)
    opened = {write_script: opened_script, write_program: opened_program}[write](tmp_path)
    assert torch.equal(opened(inputs).argmax(dim=1), cnn.predict(inputs).ids)


def test_a_tools_doubts_are_kept_quiet_for_as_long_as_it_works(caplog):
    told = logging.getLogger("torch.onnx")
    with capturing("A network"):
        warnings.warn("this may not generalise", stacklevel=1)  # an error anywhere else in the tests
        told.warning("something is not installed")
        assert not torch.is_grad_enabled()
    assert not caplog.records and torch.is_grad_enabled()
    told.warning("later")
    assert [record.message for record in caplog.records] == ["later"]


def test_a_tools_reason_is_told_in_one_line():
    with pytest.raises(InputError) as told, capturing("ONNX"):
        raise RuntimeError("no such operator\n\n  elsewhere\nmuch more")
    assert str(told.value) == (
        "ONNX cannot be made of this network: no such operator, elsewhere. Export it as safetensors."
    )
