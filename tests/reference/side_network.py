"""A network beside a frozen one: of its inputs (Zhang et al. 2020) or up a ladder (Sung, Cho & Bansal 2022)."""

from __future__ import annotations

import torch


def side_of_inputs(h, x, side):
    """Side-tuning: a perceptron of two layers on the inputs; ``side`` is W1, b1, W2, b2."""
    w1, b1, w2, b2 = side
    return torch.relu(torch.relu(x @ w1.T + b1) @ w2.T + b2)


def ladder(h, x, side):
    """A ladder of two rungs, one at the inputs and one at the features.

    ``side`` is D1, d1, W1, b1 of the first, and a gate, D2, d2, W2, b2 of the second; the temperature is 0.1.
    """
    d1, e1, w1, b1, gate, d2, e2, w2, b2 = side
    s = x @ d1.T + e1
    s = s + torch.relu(normed(s) @ w1.T + b1)
    share = 1 / (1 + torch.exp(-gate / 0.1))
    s = share * s + (1 - share) * (h @ d2.T + e2)
    return normed(s + torch.relu(normed(s) @ w2.T + b2))


def normed(s):
    """Divided by the root mean square."""
    return s / (s.square().mean(1, keepdim=True) + 1e-6).sqrt()


def said(form, old, new, x):
    """The logits of a perceptron of one hidden layer with a side network, old classes first.

    Args:
        form: ``side_of_inputs`` or ``ladder``.
        old: W, b, V, c as the parent has them.
        new: the side network's, then V_n, c_n.
        x: (n, d).
    """
    w, b, v, c = old
    *side, v_n, c_n = new
    h = torch.relu(x @ w.T + b)
    return torch.cat([h @ v.T + c, torch.cat([h, form(h, x, side)], dim=1) @ v_n.T + c_n], dim=1)
