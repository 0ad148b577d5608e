from __future__ import annotations

import pytest

from onward.config import read_toml
from onward.errors import InputError
from onward.experiment.contenders import contending
from onward.experiment.gains import Roles
from onward.experiment.growth import APART, Growth
from onward.experiment.published import Published
from onward.experiment.switches import Grid
from onward.experiment.toml_file import numbered
from onward.experiment.trial import FIELDS, Findings, sources_of
from onward.nets.zoo import BACKBONES
from onward.reproduction.claim import EXPERIMENTS
from onward.reproduction.registry import GROUPS, REPRODUCTIONS, every, find
from onward.streams.named import SCENARIOS

EVERY = [pytest.param(each, form, id=each.called(form)) for each in REPRODUCTIONS.values() for form in each.forms]


def needed(roles: Roles | Grid | Published | Growth) -> set[str]:
    """The labels that have a role, and must be there."""
    if isinstance(roles, Growth):
        return {roles.contender}
    if isinstance(roles, Published):
        return {roles.contender or roles.oracle}
    if isinstance(roles, Grid):
        return {roles.oracle, *(roles.label(start, cell) for start in roles.starts for cell in roles.cells)}
    return {roles.contender, roles.baseline, roles.oracle, *roles.allowed_more}


@pytest.mark.parametrize(("reproduction", "form"), EVERY)
def test_experiment_is_sound_but_for_its_data_and_has_every_label_that_has_a_role(reproduction, form):
    with reproduction.file(form) as file:
        values = read_toml(file)
        assert file.suffix == ".toml"
    wrong = Findings()
    labels = [each.label for each in contending(values["methods"], values.get("starts", {}), values["settings"], wrong)]
    assert wrong == []
    assert needed(reproduction.roles) <= set(labels)
    if isinstance(reproduction.roles, Published):
        assert set(labels) <= {*reproduction.roles.lines, *reproduction.roles.beyond}
        assert values["stream"]["parts"] == reproduction.roles.tasks or form == "quick"
    else:
        assert len(numbered(values["seeds"])) >= 2  # one seed has no interval
    if isinstance(reproduction.roles, Growth):
        assert not any(APART in label for label in labels)  # a label is a method and its cell
    for stream in values.get("streams", {"": values.get("stream")}).values():
        assert sound(stream)
    assert values["model"]["net"] in BACKBONES
    assert "name" not in values  # it is that of the file, as the folder of the results is


def sound(stream: dict) -> bool:
    """Whether a stream has its sources and no strange name."""
    if isinstance(stream["parts"], list):
        return set(stream) == {"parts"} and all(len(sources_of(each)) == 2 and each["name"] for each in stream["parts"])
    return len(sources_of(stream)) == 2 and set(stream) <= {*FIELDS, *SCENARIOS[stream["scenario"]].options}


def test_every_experiment_belongs_to_a_reproduction():
    named = {f"{each.called(form)}.toml" for each in REPRODUCTIONS.values() for form in each.forms}
    assert {entry.name for entry in EXPERIMENTS.iterdir()} == named


@pytest.mark.parametrize("reproduction", REPRODUCTIONS.values(), ids=list(REPRODUCTIONS))
def test_reproduction_says_what_was_published_and_where(reproduction):
    claim = reproduction.claim
    assert claim.points is None or f"{claim.points:+.2f}" in claim.words
    assert claim.on in claim.words
    assert claim.reference.startswith(("arXiv:", "github.com/")) and claim.paper


def test_ckca_is_told_to_be_a_reconstruction():
    assert "reconstruction from the paper's abstract" in find("ckca").caveat


def test_unknown_names_are_refused_with_the_nearest():
    with pytest.raises(InputError, match=r"unknown reproduction 'ckac'\. Did you mean 'ckca'"):
        find("ckac")
    with pytest.raises(InputError, match="ckca has no slow form; it has: full, quick"):
        find("ckca").called("slow")


def test_a_group_stands_for_the_columns_of_its_table_each_of_them_once():
    named = every(["hsu2018-split-mnist", "ckca", "hsu2018-split-mnist-class"])
    assert [each.name for each in named] == [*(f"hsu2018-split-mnist-{k}" for k in ("task", "domain", "class")), "ckca"]
    assert {name for names in GROUPS.values() for name in names} <= set(REPRODUCTIONS)
    assert not set(GROUPS) & set(REPRODUCTIONS)
    with pytest.raises(InputError, match=r"unknown reproduction 'hsu2018'"):
        every(["hsu2018"])
