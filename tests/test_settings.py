"""Settings refuse what cannot be meant, all of it at once."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, asdict
from pathlib import Path

import pytest

from onward.errors import InputError, hold, unknown
from onward.experiment.plan import canonical, hashed
from onward.schema import checked
from onward.settings import Settings, stated

WRONG = {
    "trains": "backbone",
    "epochs": -1,
    "steps": -1,
    "batch_size": 0,
    "optimiser": "adam",
    "lr": 0.0,
    "momentum": 1.0,
    "weight_decay": -0.1,
    "schedule": "linear",
    "warmup": 1.0,
    "clip": 0.0,
    "augment": ("flop",),
    "precision": "float16",
    "validation": 1.0,
    "patience": 0,
}


@pytest.mark.parametrize(("name", "value"), WRONG.items())
def test_a_field_out_of_range_is_named_with_its_value(name, value):
    with pytest.raises(InputError) as refused:
        Settings(**{"validation": 0.1, name: value})
    message = str(refused.value)
    assert message.startswith(f"{name} ") and message.endswith(f"got {value!r}") and ";" not in message


def test_all_fields_out_of_range_are_named_at_once():
    with pytest.raises(InputError) as refused:
        Settings(**{**WRONG, "patience": 0})
    told = [problem.split()[0] for problem in str(refused.value).split("; ")]
    assert set(told) == set(WRONG)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"nesterov": True, "momentum": 0.0}, "nesterov needs momentum > 0, got True"),
        ({"patience": 2}, "patience needs validation > 0, got 2"),
        ({"schedule": "one_cycle", "warmup": 0.1}, "warmup must be 0 with one_cycle"),
        ({"lr": float("nan")}, "lr must be > 0 and finite, got nan"),
    ],
)
def test_fields_that_contradict_one_another_are_refused(fields, said):
    with pytest.raises(InputError, match=said):
        Settings(**fields)


def test_the_ends_of_the_ranges_are_allowed():
    edge = Settings(epochs=0, steps=0, batch_size=1, momentum=0.0, warmup=0.0, validation=0.0)
    assert (edge.epochs, edge.steps, edge.patience) == (0, 0, None)
    assert Settings(augment=("cutout", "flip", "crop")).augment == ("cutout", "flip", "crop")


def test_settings_do_not_change():
    with pytest.raises(FrozenInstanceError):
        Settings().lr = 1.0


def test_hold_tells_every_broken_rule_and_no_other():
    with pytest.raises(InputError, match=r"^a must be > 0, got -1; c must be > 0, got -3$"):
        hold({"a must be > 0": False, "b must be > 0": True, "c must be > 0": False}, {"a": -1, "b": 2, "c": -3})


def test_an_unknown_name_comes_with_the_nearest_or_with_all():
    assert str(unknown("net", "mpl", ["mlp", "cnn"])) == "unknown net 'mpl'. Did you mean 'mlp'? There are: cnn, mlp"
    assert str(unknown("net", "zzz", ["mlp", "cnn"])) == "unknown net 'zzz'. There are: cnn, mlp"
    assert str(unknown("net", "mlp", [])) == "unknown net 'mlp'. There are none yet."


def test_what_came_later_is_on_record_only_where_it_is_not_the_usual():
    assert "deterministic" not in stated(Settings()) and stated(Settings(deterministic=True))["deterministic"] is True
    assert {**stated(Settings()), "deterministic": False} == asdict(Settings())


def test_the_runs_on_record_are_known_by_what_they_were_known_by():
    folders = sorted((Path(__file__).parents[1] / "reproduced").glob("*/cells"))
    assert len(folders) > 5
    for folder in folders:
        path = min(folder.glob("*.json"))
        definition = json.loads(path.read_text(encoding="utf-8"))["definition"]
        assert hashed(definition) == path.stem
        assert (
            json.loads(canonical(stated(checked(Settings, definition["settings"], path.name))))
            == definition["settings"]
        )
