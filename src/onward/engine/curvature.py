"""How sharply the loss bends: the top eigenvalues of its Hessian."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy.sparse.linalg import ArpackNoConvergence, aslinearoperator, eigsh
from torch import Tensor

from onward.engine.check import check_shape
from onward.engine.mean_loss import of_known_classes
from onward.errors import InputError, counted
from onward.nets.classifier import Classifier
from onward.nets.resting import resting
from onward.rng import generator
from onward.types import Data, in_order

Vector = NDArray[np.float64]


def top_eigenvalues(
    model: Classifier, data: Data, k: int = 5, seed: int = 0, size: int = 512, tolerance: float = 1e-3
) -> tuple[float, ...]:
    """Return the k largest eigenvalues of the Hessian of the mean cross-entropy, the largest first.

    By Lanczos iteration (ARPACK, through scipy) over Hessian-vector products, each of which is a double backward pass
    over the data (Pearlmutter 1994): the Hessian itself, (parameters, parameters), is never formed. It is taken with
    respect to the parameters that an update moves, with every layer at rest, so batch norm uses its running statistics.

    Args:
        model: the network; it is not changed.
        data: examples, of which those of classes that it knows count; they are gone through some twenty times for a
            few eigenvalues, and more often for many.
        k: how many, >= 1 and fewer than there are parameters.
        seed: of the vector that the iteration begins with.
        size: how many examples go through the model at once.
        tolerance: of an eigenvalue, relative.

    Raises:
        InputError: when no example is of a class that it knows, the data does not fit, k is out of range, or the
            iteration does not converge.
    """
    check_shape(data, model)
    hessian = Hessian(model, of_known_classes(model, data), size)
    count, _ = hessian.shape
    if not 1 <= k < count:
        raise InputError(f"{counted(count, 'parameter')} have 1 to {count - 1} eigenvalues to ask for, got {k}")
    start = torch.randn(count, generator=generator(seed, "curvature", "start"), dtype=torch.float64).numpy()
    with resting(model):
        if not hessian.matvec(start).any():  # ARPACK cannot begin; a random vector lies in no other null space
            return (0.0,) * k
        operator = aslinearoperator(hessian)
        try:
            found = eigsh(operator, k=k, which="LA", v0=start, tol=tolerance, return_eigenvectors=False)
        except ArpackNoConvergence as error:
            raise InputError(
                f"{len(error.eigenvalues)} of {counted(k, 'eigenvalue')} converged to a relative {tolerance:g}; ask "
                "for fewer, or for a larger tolerance"
            ) from error
    return tuple(float(value) for value in sorted(found, reverse=True))


class Hessian:
    """The Hessian of a mean loss, (n, n) for n parameters, as what it does to a vector."""

    dtype = np.dtype(np.float64)

    def __init__(self, model: Classifier, data: Data, size: int) -> None:
        """Take the parameters that an update moves, and data whose targets count the model's classes."""
        self.model, self.data, self.size = model, data, size
        self.parameters = [parameter for name, parameter in model.named_parameters() if model.trains(name)]
        count = sum(parameter.numel() for parameter in self.parameters)
        self.shape = count, count

    def matvec(self, vector: Vector) -> Vector:
        """Return the product with a vector, (n,)."""
        moving = [parameter.requires_grad for parameter in self.parameters]
        direction = self.shaped(vector)
        total = [torch.zeros_like(parameter) for parameter in self.parameters]
        try:
            for parameter in self.parameters:
                parameter.requires_grad_(True)
            for batch in in_order(self.data, self.size):
                inputs, targets = batch.inputs.to(self.model.device), batch.targets.to(self.model.device)
                for own, part in zip(total, self.product(inputs, targets, direction), strict=True):
                    own.add_(part, alpha=len(targets) / len(self.data))
        finally:
            for parameter, flag in zip(self.parameters, moving, strict=True):
                parameter.requires_grad_(flag)
        return torch.cat([part.flatten() for part in total]).cpu().numpy().astype(np.float64)

    def product(self, inputs: Tensor, targets: Tensor, direction: list[Tensor]) -> tuple[Tensor, ...]:
        """Return the product of one batch's Hessian with a vector, both by parameter."""
        with torch.enable_grad():
            loss = F.cross_entropy(self.model.among_task(self.model(inputs), targets), targets)
            gradients = torch.autograd.grad(loss, self.parameters, create_graph=True, materialize_grads=True)
            slopes = [(own * way).sum() for own, way in zip(gradients, direction, strict=True)]
            return torch.autograd.grad(torch.stack(slopes).sum(), self.parameters, materialize_grads=True)

    def shaped(self, vector: Vector) -> list[Tensor]:
        """Return a vector, (n,), by parameter."""
        sizes = [math.prod(parameter.shape) for parameter in self.parameters]
        pieces = torch.from_numpy(np.asarray(vector, dtype=np.float64).reshape(-1)).split(sizes)
        return [
            piece.view(own.shape).to(device=own.device, dtype=own.dtype)
            for piece, own in zip(pieces, self.parameters, strict=True)
        ]
