"""Text becomes settings, or every reason why not."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import ClassVar

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from onward.config import read_toml, settings_from, value_of
from onward.errors import InputError
from onward.schema import checked
from onward.settings import Settings

some = st.builds(
    Settings,
    epochs=st.integers(0, 10**6),
    steps=st.none() | st.integers(0, 10**9),
    batch_size=st.integers(1, 10**6),
    optimiser=st.sampled_from(["sgd", "adamw"]),
    lr=st.floats(1e-300, 1e300),
    nesterov=st.booleans(),
    weight_decay=st.floats(0, 1e300),
    schedule=st.sampled_from(["constant", "cosine"]),
    warmup=st.floats(0, 1, exclude_max=True),
    clip=st.none() | st.floats(1e-300, 1e300),
    augment=st.lists(st.sampled_from(["flip", "crop", "cutout"])).map(tuple),
    device=st.text("cuda:0é \"'\\\n#", min_size=1),
    compile=st.booleans(),
    validation=st.floats(0.01, 0.99),
    patience=st.none() | st.integers(1, 10**6),
)


@dataclass(frozen=True)
class Plan:
    """What a file may hold: a name, and settings in a table of their own."""

    name: str
    seeds: int = 1
    settings: Settings = field(default_factory=Settings)

    __pydantic_config__: ClassVar = {"extra": "forbid"}


@given(some)
def test_settings_come_back_from_a_toml_file(tmp_path_factory, settings):
    file = tmp_path_factory.getbasetemp() / "settings.toml"
    file.write_text(tomli_w.dumps({k: v for k, v in asdict(settings).items() if v is not None}), "utf-8")
    assert checked(Settings, read_toml(file), file.name) == settings


@given(some, some)
def test_settings_come_back_from_overrides(settings, start):
    def text(value):
        return "none" if value is None else tomli_w.dumps({"value": value}).partition("=")[2]

    overrides = [f"{name} = {text(value)}" for name, value in asdict(settings).items()]
    assert settings_from(overrides, start) == settings


def test_an_override_changes_its_field_alone():
    start = Settings(lr=0.3, augment=("flip",))
    assert settings_from(["epochs=7"], start) == Settings(lr=0.3, augment=("flip",), epochs=7)
    assert settings_from([]) == Settings()
    assert settings_from(["lr=0.1", "lr=0.2"]).lr == 0.2, "the last one holds"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("0.5", 0.5),
        ("true", True),
        ('"a b"', "a b"),
        ('["flip", "crop"]', ["flip", "crop"]),
        ("cosine", "cosine"),
        ("cuda:1", "cuda:1"),
        ("a=b", "a=b"),
        ("", ""),
        ("None", None),
    ],
)
def test_a_value_is_read_as_toml_and_a_bare_word_as_text(text, value):
    read = value_of(text)
    assert read == value and type(read) is type(value)


def test_all_problems_of_all_kinds_are_told_at_once():
    with pytest.raises(InputError) as refused:
        checked(Settings, {"lrr": 0.1, "epochs": "many", "batch_size": 0, "momentum": 2}, "run.toml")
    message = str(refused.value)
    assert message.startswith("run.toml: ") and len(message.split("; ")) == 5  # one of them has a guess after a ";"
    assert "unknown name 'lrr'; did you mean 'lr'?" in message
    assert "epochs: input should be a valid integer" in message and "got 'many'" in message
    assert "batch_size must be >= 1, got 0" in message and "momentum must be in [0, 1), got 2.0" in message


def test_a_problem_in_a_table_is_named_by_its_path():
    with pytest.raises(InputError) as refused:
        checked(Plan, {"seeds": "x", "settings": {"epoch": 3, "lr": "high"}}, "plan.toml")
    message = str(refused.value)
    assert "name is missing" in message and message.count("name is missing") == 1
    assert "unknown name 'settings.epoch'; did you mean 'epochs'?" in message
    assert "settings.lr: input should be a valid number" in message and "seeds: input" in message


def test_a_name_like_no_other_comes_with_all_names():
    with pytest.raises(InputError, match=r"unknown name 'zzzz'; there are: name, seeds, settings$"):
        checked(Plan, {"name": "a", "zzzz": 1}, "plan.toml")


def test_overrides_that_cannot_be_read_are_all_named():
    with pytest.raises(InputError, match=r"key=value, got 'lr', 'epochs:3'$"):
        settings_from(["lr", "batch_size=3", "epochs:3"])


def test_a_file_that_cannot_be_read_is_named_with_the_line(tmp_path):
    broken = tmp_path / "broken.toml"
    broken.write_text("lr = 0.1\nepochs = = 3\n")
    with pytest.raises(InputError, match=r"broken\.toml is not a TOML file .*line 2"):
        read_toml(broken)
    with pytest.raises(InputError, match=r"there is no file .*absent\.toml"):
        read_toml(tmp_path / "absent.toml")
    with pytest.raises(InputError, match="is not a TOML file that can be read"):
        read_toml(tmp_path)
