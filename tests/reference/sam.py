"""SAM: Foret et al. 2021, arXiv:2010.01412, Alg. 1; and ASAM: Kwon et al. 2021, arXiv:2102.11600."""

from __future__ import annotations

import torch
from tests.reference.descent import cross_entropy


def sam(model, batches, rho, lr, momentum, eta=None):
    """epsilon = rho g / |g|, and the step from w by the gradient at w + epsilon.

    With ``eta`` epsilon = rho T^2 g / |T g| and T = |w| + eta, number by number.
    """
    parameters = list(model.parameters())
    velocity = [torch.zeros_like(parameter) for parameter in parameters]
    model.train()
    for x, y in batches:
        g = torch.autograd.grad(cross_entropy(model(x), y), parameters)
        t = [torch.ones_like(w) if eta is None else w.detach().abs() + eta for w in parameters]
        norm = sum(((t_i * g_i) ** 2).sum() for t_i, g_i in zip(t, g, strict=True)).sqrt()
        epsilon = [rho * t_i**2 * g_i / norm for t_i, g_i in zip(t, g, strict=True)]
        with torch.no_grad():
            for w, e in zip(parameters, epsilon, strict=True):
                w.add_(e)
        above = torch.autograd.grad(cross_entropy(model(x), y), parameters)
        with torch.no_grad():
            for w, e, v, g_i in zip(parameters, epsilon, velocity, above, strict=True):
                w.sub_(e)
                v.mul_(momentum).add_(g_i)
                w.sub_(lr * v)
    model.eval()
