"""Net2Net for a perceptron (Chen, Goodfellow & Shlens 2016, arXiv:1511.05641), weight by weight."""

from __future__ import annotations

import torch


def widened(w, b, g, f):
    """Net2WiderNet, one layer: row j is row g[j], column k is column f[k] shared among all copies of that.

    Args:
        w: (units, inputs).
        b: (units,).
        g: of which unit each of the new layer's is a copy.
        f: of which input each of the new layer's is a copy.
    """
    wide = [[float(w[j, k]) / f.count(k) for k in f] for j in g]
    return torch.tensor(wide), torch.tensor([float(b[j]) for j in g])


def deeper(units):
    """Net2DeeperNet: a layer that says what it hears, where that is not below zero."""
    return torch.eye(units), torch.zeros(units)


def said(old, new, x):
    """The logits of a perceptron of two hidden layers with one more on top, old classes first.

    Args:
        old: not looked at: all of it lies in the larger network.
        new: W1, b1, W2, b2, W3, b3, and V, c of the old rows and of the new ones.
        x: (n, d).
    """
    w1, b1, w2, b2, w3, b3, v_o, c_o, v_n, c_n = new
    h = torch.relu(torch.relu(x @ w1.T + b1) @ w2.T + b2)
    h = torch.relu(h @ w3.T + b3)
    return torch.cat([h @ v_o.T + c_o, h @ v_n.T + c_n], dim=1)
