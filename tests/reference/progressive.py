"""Progressive learning: new layers at the end of a frozen network (told of by Iman et al. 2022, arXiv:2205.10356)."""

from __future__ import annotations

import torch


def said(old, new, x):
    """The logits of a perceptron of one hidden layer with two dense layers on top, old classes first.

    Args:
        old: W, b, V, c as the parent has them.
        new: W1, b1, W2, b2, V_n, c_n.
        x: (n, d).
    """
    w, b, v, c = old
    w1, b1, w2, b2, v_n, c_n = new
    h = torch.relu(x @ w.T + b)
    g = torch.relu(torch.relu(h @ w1.T + b1) @ w2.T + b2)
    return torch.cat([h @ v.T + c, torch.cat([h, g], dim=1) @ v_n.T + c_n], dim=1)
