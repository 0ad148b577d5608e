"""A merged class is counted as the one it means: in probabilities, in training, in predictions, and ever after."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.conformance.scenarios import SETTINGS, clouds, mlp

from onward.engine.evaluate import judge
from onward.engine.update import update
from onward.errors import InputError
from onward.learner import Learner
from onward.methods.ewc import EWC
from onward.methods.lwf import LwF
from onward.methods.replay import Replay
from onward.nets.classifier import NEVER, Classifier
from onward.nets.zoo import build, fresh
from onward.rng import generator
from onward.types import Examples

INPUTS = torch.randn(20, 4, generator=generator(0, "inputs"))


def model(names: str, aliases: dict[str, str] | None = None) -> Classifier:
    """The same network for the same names, with some of them counted as others."""
    plain = mlp()
    plain.grow(names, seed=0)
    return Classifier(plain.backbone, plain.head, plain.classes, aliases=aliases).eval()


def test_probabilities_are_added_and_those_of_other_classes_stay():
    plain, merged = (each(INPUTS).softmax(dim=1) for each in (model("abcd"), model("abcd", {"d": "b"})))
    torch.testing.assert_close(merged[:, 1], plain[:, 1] + plain[:, 3])
    torch.testing.assert_close(merged[:, [0, 2]], plain[:, [0, 2]])
    assert torch.equal(merged[:, 3], torch.zeros(20))


def test_several_classes_that_mean_one_are_added_up():
    plain, merged = (each(INPUTS).softmax(dim=1) for each in (model("abcd"), model("abcd", {"a": "c", "d": "c"})))
    torch.testing.assert_close(merged[:, 2], plain[:, [0, 2, 3]].sum(dim=1))
    assert not merged[:, [0, 3]].any()


def test_the_logits_of_other_classes_are_bit_equal():
    plain, merged = model("abcd")(INPUTS), model("abcd", {"d": "b"})(INPUTS)
    assert torch.equal(merged[:, [0, 2]], plain[:, [0, 2]])
    by_hand = torch.log(plain[:, 1].exp() + plain[:, 3].exp())
    torch.testing.assert_close(merged[:, 1], by_hand)
    assert torch.equal(merged[:, 3], torch.full((20,), NEVER))


def test_counted_once_is_as_good_as_counted_twice():
    merged = model("abcd", {"a": "c", "d": "c"})
    once = merged(INPUTS)
    assert torch.equal(merged.merged(once), once)


def test_without_merged_classes_nothing_is_done():
    plain, logits, ids = model("ab", {"x": "a"}), torch.zeros(2, 2), torch.tensor([0, 1])
    assert plain.merged(logits) is logits and plain.meant(ids) is ids


def test_ids_of_merged_classes_become_those_of_what_they_mean():
    assert model("abcd", {"d": "b"}).meant(torch.tensor([3, 0, 1, 2])).tolist() == [1, 0, 1, 2]


@pytest.mark.parametrize("precision", [torch.float16, torch.bfloat16, torch.float64])
def test_a_probability_of_zero_is_finite_in_every_precision(precision):
    logits = model("abc", {"c": "a"}).to(precision)(INPUTS)
    assert logits.dtype == precision and bool(logits.isfinite().all())
    assert not logits.log_softmax(dim=1).isnan().any() and not logits.softmax(dim=1)[:, 2].any()


def test_both_rows_learn_from_an_example_of_either():
    # With p_k = softmax over both, d loss / d z of the merged logit splits over the rows as their shares of it.
    merged = model("abc", {"c": "a"})
    plain = merged.head(merged.backbone(INPUTS)).detach()
    loss = torch.nn.functional.cross_entropy(merged(INPUTS), torch.zeros(20, dtype=torch.int64))
    loss.backward()
    grads = merged.head.linears[0].bias.grad
    p = plain.softmax(dim=1)
    share = p[:, [0, 2]] / p[:, [0, 2]].sum(dim=1, keepdim=True)
    by_hand = ((p[:, [0, 2]].sum(dim=1) - 1)[:, None] * share).mean(dim=0)
    torch.testing.assert_close(grads[[0, 2]], by_hand)
    assert (by_hand < 0).all()


def test_growth_leaves_a_merged_model_s_logits_bit_equal():
    merged = model("abc", {"c": "a", "x": "b"})
    before = merged(INPUTS)
    merged.grow(["c", "x", "d"], seed=1)
    assert merged.classes == tuple("abcd") and merged.live == ("a", "b", "d")
    assert torch.equal(merged(INPUTS)[:, :3], before)


def test_other_names_go_through_json_and_back():
    merged = model("abc", {"c": "a", "x": "b"})
    again = build(merged.spec())
    again.load_state_dict(merged.state_dict())
    assert again.aliases == {"c": "a", "x": "b"} and torch.equal(again.eval()(INPUTS), merged(INPUTS))


@pytest.mark.parametrize("aliases", [{"x": "y"}, {"x": "c", "c": "a"}])
def test_a_name_for_what_is_no_class_is_refused(aliases):
    with pytest.raises(InputError, match=r"an alias means a class that is there and is no alias itself, got x -> [yc]"):
        model("abc", aliases)


def test_data_under_another_name_is_that_class_s():
    """The very same bits come of it as of data under the class's own name."""
    start = Learner(model("abc", {"kitten": "b"}))
    own = clouds("bc", 2)
    other = Examples(own.inputs, own.targets, ("kitten", "c"))
    (one, _), (two, _) = (update(start, data, SETTINGS, seed=1) for data in (own, other))
    assert one.classes == two.classes == tuple("abc")
    weights = two.model.state_dict()
    assert all(torch.equal(tensor, weights[name]) for name, tensor in one.model.state_dict().items())
    assert judge(one, own).accuracy == judge(one, other).accuracy > 0.9


def test_data_under_a_class_s_name_and_another_of_it_is_one_class():
    start, both = Learner(model("ab", {"kitten": "b"})), clouds("abc", 2)
    data = Examples(both.inputs, both.targets, ("a", "b", "kitten"))
    judged = judge(start, data)
    assert judged.targets.tolist() == [0] * 30 + [1] * 60


def test_an_update_after_merging_trains_both_rows():
    start = Learner(model("abc", {"c": "a"}))
    child, _ = update(start, clouds("ab", 3), SETTINGS, seed=1)
    moved = (child.model.head.linears[0].weight - start.model.head.linears[0].weight).abs().sum(dim=1)
    assert (moved > 0).all()
    assert judge(child, clouds("ab", 3)).accuracy > 0.9


@pytest.mark.parametrize("method", [Replay(size=60, per_batch=16), EWC(strength=10.0), LwF()], ids=lambda m: m.name)
def test_a_method_goes_on_with_what_it_kept_before_two_classes_were_merged(method):
    """A memory holds examples of the merged class still, and a Fisher of its row."""
    start, _ = update(Learner(fresh("mlp", (4,), 0, width=8, depth=1), method), clouds("abc", 1), SETTINGS)
    here = start.model
    merged = Learner(
        Classifier(here.backbone, here.head, here.classes, aliases={"c": "a"}).eval(), start.method, start.kept
    )
    child, record = update(merged, clouds("abd", 2), SETTINGS, seed=1)
    assert child.model.aliases == {"c": "a"} and child.classes == tuple("abcd")
    total = [sum(values) for values in zip(*record.phases[0].curve.values(), strict=True)]
    assert max(total) < 100, "a target of probability zero costs 10,000"
    assert all(bool(tensor.isfinite().all()) for tensor in child.kept.values())
    assert "c" not in child.predict(INPUTS).names


@given(st.lists(st.sampled_from("abcdx"), min_size=1, max_size=5, unique=True), st.integers(0, 5))
def test_a_merged_class_is_never_predicted(among, seed):
    learner = Learner(model("abcd", {"d": "b", "c": "b", "x": "a"}))
    inputs = 10 * torch.randn(50, 4, generator=generator(seed, "wide"))
    assert set(learner.predict(inputs).names) <= {"a", "b"}
    meant = {{"d": "b", "c": "b", "x": "a"}.get(name, name) for name in among}
    assert set(learner.predict(inputs, among).names) <= meant
    assert judge(learner, Examples(inputs, torch.zeros(50, dtype=torch.int64), ("x",)), among).classes == tuple("abcd")


def test_a_merged_class_is_not_predicted_by_a_method_with_a_prediction_of_its_own():
    class Own(Replay):
        def predict(self, model, inputs, kept):
            return torch.tensor([[0.0, 0.0, 5.0]]).expand(len(inputs), 3)

    said = Learner(model("abc", {"c": "a"}), Own()).predict(INPUTS)
    assert set(said.names) == {"a"}
