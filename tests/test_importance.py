"""What holds of every method that holds parameters by how much each mattered."""

from __future__ import annotations

import pytest
from tests.methods.walks import FIRST, SETTINGS, begun

from onward.engine.update import update
from onward.errors import InputError
from onward.learner import Learner
from onward.methods.ewc import EWC
from onward.methods.mas import MAS
from onward.methods.si import SI
from onward.nets.zoo import fresh


@pytest.mark.parametrize("method", [EWC(), MAS(), SI()], ids=lambda method: method.name)
def test_a_model_that_no_longer_fits_what_is_kept_is_refused_with_both_shapes(method):
    parent = begun(method)
    wider = Learner(fresh("mlp", (4,), seed=0, width=9, depth=1), method, parent.kept)
    told = rf"^{method.name} kept .* of shape \(8, 4\), but the model's 'backbone.layers.1.weight' is \(9, 4\)"
    with pytest.raises(InputError, match=told):
        update(wider, FIRST, SETTINGS)
