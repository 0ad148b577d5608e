"""An adapter is the part that is updated, with the head; all else stays bit for bit."""

from __future__ import annotations

import copy
import json
import warnings

import pytest
import torch
from tests.nets import hub_folders, torchvision_operators
from tests.nets.test_huggingface import taken, tokens
from torch import nn

import onward
from onward.errors import InputError
from onward.nets.adapters import fresh_lora, read_adapter
from onward.nets.adopt import adopted
from onward.nets.huggingface import loading, published
from onward.nets.zoo import build
from onward.rng import generator, isolated
from onward.store.card import Card

torchvision_operators.importable()  # PEFT imports transformers, which imports torchvision
pytest.importorskip("peft", reason="peft is not installed")

INPUTS = torch.rand(40, 4, generator=generator(0))
DATA = onward.Examples(INPUTS, INPUTS[:, :3].argmax(dim=1), ("a", "b", "c"))
LORA = {"r": 2, "target_modules": ["0", "2"]}


def plain(classes: int = 3) -> nn.Sequential:
    """Two hidden layers and a head."""
    return nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, classes))


def network() -> nn.Sequential:
    with isolated(3, "network"):
        return plain().eval()


def written(folder, base: nn.Module, **fields) -> nn.Module:
    """Train an adapter with PEFT itself, write it, and return what it computes."""
    import peft

    with isolated(5, "peft"), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of PEFT's, that it asks transformers by an old name
        wrapped = peft.get_peft_model(copy.deepcopy(base), peft.LoraConfig(**fields))
        for name, parameter in wrapped.named_parameters():
            if parameter.requires_grad:
                nn.init.normal_(parameter, 0.1 if "lora" in name else 0.0, 0.3)
    wrapped.save_pretrained(folder)
    return wrapped.eval()


def test_a_fresh_lora_changes_nothing_and_then_it_alone_is_trained():
    original = network()
    learner = onward.Learner(adopted(original, "abc", adapter=fresh_lora(LORA), example=INPUTS))
    assert torch.equal(learner.predict(INPUTS).logits, original(INPUTS).detach())
    after, _ = onward.update(learner, DATA, onward.Settings(epochs=20, lr=0.1, weight_decay=0.1))
    before, now = dict(learner.model.named_parameters()), dict(after.model.named_parameters())
    moved = {name for name in now if not torch.equal(before[name], now[name])}
    lora = {name for name in now if "lora_" in name}
    assert len(lora) == 4 and moved == lora | {"head.blocks.0.weight", "head.blocks.0.bias"}
    assert {name for name in now if learner.model.trains(name)} == moved
    assert onward.judge(after, DATA).accuracy > onward.judge(learner, DATA).accuracy


@pytest.mark.parametrize("method", ["scratch", "joint"])
def test_training_from_scratch_draws_the_adapter_anew_and_leaves_the_network_that_it_adapts(method):
    model = adopted("tests.nets.test_adapters:plain", "abc", network().state_dict(), adapter=fresh_lora(LORA))
    first, _ = onward.update(onward.Learner(model), DATA, onward.Settings(epochs=3, lr=0.1))
    after, _ = onward.update(first, DATA, onward.Settings(steps=0), method=onward.chain(method))
    before, now = dict(first.model.named_parameters()), dict(after.model.named_parameters())
    same = {name for name in now if torch.equal(before[name], now[name])}
    assert same == {name for name in now if not model.trains(name)} and len(same) == 4


def test_an_adapter_is_drawn_from_the_seed_and_leaves_the_global_state():
    before = torch.get_rng_state()
    a, b, c = (adopted(network(), "abc", adapter=fresh_lora(LORA), seed=seed).state_dict() for seed in (1, 1, 2))
    name = "backbone.network.0.lora_A.default.weight"
    assert torch.equal(a[name], b[name]) and not torch.equal(a[name], c[name])
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("fields", [LORA, {**LORA, "use_rslora": True}, {**LORA, "modules_to_save": ["4"]}])
def test_an_adapter_that_peft_wrote_computes_what_it_computed(fields, tmp_path):
    base = network()
    trained = written(tmp_path, base, **fields)
    model = adopted(base, "abc", adapter=read_adapter(tmp_path), example=INPUTS)
    torch.testing.assert_close(model(INPUTS), trained(INPUTS), rtol=1e-6, atol=1e-6)
    assert not torch.allclose(model(INPUTS), base(INPUTS), atol=1e-2)


def test_a_layer_that_the_adapter_brings_whole_is_trained_as_well(tmp_path):
    fields = {"r": 2, "target_modules": ["0"], "modules_to_save": ["2"]}
    trained = written(tmp_path, network(), **fields)
    model = adopted(network(), "abc", adapter=read_adapter(tmp_path), example=INPUTS)
    torch.testing.assert_close(model(INPUTS), trained(INPUTS), rtol=1e-6, atol=1e-6)
    assert model.trains("backbone.network.2.weight") and not model.trains("backbone.network.0.base_layer.weight")


def test_an_adapter_of_a_factory_s_network_is_built_again_from_the_card(tmp_path):
    written(tmp_path / "adapter", network(), **LORA)
    adapter = read_adapter(tmp_path / "adapter")
    model = adopted("tests.nets.test_adapters:plain", "abc", network().state_dict(), adapter=adapter, example=INPUTS)
    built = build(json.loads(json.dumps(model.spec()))).eval()
    built.load_state_dict(model.state_dict())
    assert torch.equal(built(INPUTS), model(INPUTS))
    assert [built.trains(name) for name, _ in built.named_parameters()] == [
        model.trains(name) for name, _ in model.named_parameters()
    ]


def test_a_text_classifier_with_an_adapter_goes_through_a_lineage(tmp_path):
    import peft

    base = hub_folders.distilbert(tmp_path / "hub")
    fields = {"r": 2, "target_modules": ["q_lin", "v_lin"], "task_type": "SEQ_CLS"}  # which saves both last layers
    with loading("what it saves"):
        trained = written(tmp_path / "adapter", base, **fields)
    found = published(str(tmp_path / "hub"))
    model = adopted(
        found.factory, ("bad", "good"), found.weights, arguments=found.arguments, example=found.example,
        adapter=read_adapter(tmp_path / "adapter"),
    )  # fmt: skip
    learner = onward.Learner(model)
    ids = tokens(model.backbone.transform)
    logits = trained(input_ids=ids.long(), attention_mask=(ids != 0).long()).logits
    torch.testing.assert_close(learner.predict(ids).logits, logits.detach(), rtol=1e-6, atol=1e-6)
    assert isinstance(trained, peft.PeftModel)
    data = onward.Examples(ids, torch.tensor([1, 0, 1, 0]), ("bad", "good"))
    after, _ = onward.update(learner, data, onward.Settings(epochs=2, lr=0.01))
    lineage = onward.Lineage.create(tmp_path / "lineage")
    loaded = lineage.load(lineage.save(after, Card(net={})).id)
    assert torch.equal(loaded.predict(ids).logits, after.predict(ids).logits)
    before, now = learner.model.state_dict(), loaded.model.state_dict()
    still = [name for name in now if not loaded.model.trains(name)]
    assert all(torch.equal(before[name], now[name]) for name in still)
    assert any("lora_B" in name and not torch.equal(before[name], now[name]) for name in now)


def test_without_an_adapter_every_parameter_is_trained(tmp_path):
    hub_folders.distilbert(tmp_path)
    model = taken(published(str(tmp_path)), ("bad", "good")).model
    assert all(model.trains(name) for name, _ in model.named_parameters())


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"r": 2, "target_modules": ["9"]}, "the adapter does not fit the network: Target modules .*9.* not found"),
        ({"r": 2, "target_modules": ["4"]}, "the adapter changes the head '4' as well; leave it out of target_modules"),
        ({"r": 0, "target_modules": ["0"]}, "the adapter does not fit the network: .*`r`.* got 0|should be a positive"),
        ({"rank": 2}, "PEFT does not take the adapter's configuration: .*rank"),
    ],
)
def test_a_lora_that_does_not_fit_is_told(fields, said):
    with pytest.raises(InputError, match=said):
        adopted(network(), "abc", adapter=fresh_lora(fields), example=INPUTS)


def test_an_adapter_of_another_network_is_told(tmp_path):
    written(tmp_path / "wide", nn.Sequential(nn.Linear(4, 9), nn.ReLU(), nn.Linear(9, 6)), **LORA)
    with pytest.raises(InputError, match=r"the adapter does not fit the network: .*size mismatch"):
        adopted(network(), "abc", adapter=read_adapter(tmp_path / "wide"))
    written(tmp_path / "more", plain(), r=2, target_modules=["0", "2"])
    adapter = read_adapter(tmp_path / "more")
    adapter = type(adapter)({**adapter.config, "target_modules": ["0"]}, adapter.weights)  # a part is lost
    with pytest.raises(InputError, match=r"does not fit the network; without a match: .*lora_A"):
        adopted(network(), "abc", adapter=adapter)
    written(tmp_path / "head", plain(5), **LORA, modules_to_save=["4"])
    with pytest.raises(InputError, match=r"4.bias is \(5,\), the network's \(3,\)"):
        adopted(network(), "abc", adapter=read_adapter(tmp_path / "head"))


def test_a_folder_that_holds_no_adapter_is_told(tmp_path):
    with pytest.raises(InputError, match=r"is no adapter's folder: there is no adapter_config.json"):
        read_adapter(tmp_path)
    written(tmp_path, network(), **LORA)
    (tmp_path / "adapter_model.safetensors").rename(tmp_path / "adapter_model.bin")
    with pytest.raises(InputError, match=r"there is no adapter_model.safetensors; write one with PEFT"):
        read_adapter(tmp_path)
    (tmp_path / "adapter_model.safetensors").write_bytes(b"cut")
    with pytest.raises(InputError, match=r"the adapter in .* cannot be read"):
        read_adapter(tmp_path)


def test_a_prompt_is_no_adapter_of_layers():
    prompt = fresh_lora(LORA)
    prompt = type(prompt)({"peft_type": "PROMPT_TUNING", "num_virtual_tokens": 2})
    with pytest.raises(InputError, match=r"does not fit the network: .*prompt learning"):
        adopted(network(), "abc", adapter=prompt)
