"""A network from elsewhere that says more of itself than torch asks."""

from __future__ import annotations

from torch import nn

from onward.transform import Transform


class Described(nn.Module):
    """A network around another one that knows how files become its inputs.

    Attributes:
        inner: the network itself, which an adapter changes.
    """

    inner: nn.Module

    @property
    def transform(self) -> Transform:
        """How files become inputs."""
        raise NotImplementedError(f"{type(self).__name__} must say how files become its inputs")


def inner_of(network: nn.Module) -> nn.Module:
    """Return the network itself, without what describes it."""
    return network.inner if isinstance(network, Described) else network
