"""The dynamic soft targets of Harun & Kanan 2024, one example at a time, after the three steps of their program."""

from __future__ import annotations

from tests.reference.descent import descend


def soft_targets(model, steps, old, lr, momentum):
    """Train on the new data with targets that follow the model.

    Args:
        model: the new model; its first ``old`` columns are the old classes.
        steps: (x, y) of each step.
        old: how many classes the parent knew.
        lr: learning rate.
        momentum: of the descent.
    """
    seen = {k: [] for k in range(old)}

    def loss(x, y):
        p = model(x).softmax(dim=1)
        said, c, total = p.detach(), p.shape[1], 0.0
        for row, one, k in zip(p, said, y.tolist(), strict=True):
            if k >= old:
                target = one.clone()
            else:
                target = sum(seen[k]) / len(seen[k]) if seen[k] else one.new_full((c,), 1 / c)
                target = target.clone()
            target[int(one.argmax())] = 1 / c
            target[k] = 1.0
            total = total - ((target / target.sum()) * row.log()).sum()
        for one, k in zip(said, y.tolist(), strict=True):
            if k < old and int(one.argmax()) == k:
                seen[k].append(one)
        return total / len(y)

    descend(model, loss, steps, lr, momentum)
