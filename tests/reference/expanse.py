"""EXPANSE as meant: Iman et al. 2022, arXiv:2205.10356; block-triangular layers, the old blocks standing still."""

from __future__ import annotations

import torch


def said(old, new, x):
    """The logits of a perceptron of two hidden layers, old classes first.

    Args:
        old: W1, b1, W2, b2, V, c as the parent has them.
        new: W1_on, b1_n, W2_on, b2_n, W2_nn, V_n, c_n.
        x: (n, d).
    """
    w1, b1, w2, b2, v, c = old
    w1_on, b1_n, w2_on, b2_n, w2_nn, v_n, c_n = new
    h1 = torch.relu(x @ w1.T + b1)
    g1 = torch.relu(x @ w1_on.T + b1_n)
    h2 = torch.relu(h1 @ w2.T + b2)
    g2 = torch.relu(h1 @ w2_on.T + g1 @ w2_nn.T + b2_n)
    return torch.cat([h2 @ v.T + c, torch.cat([h2, g2], dim=1) @ v_n.T + c_n], dim=1)
