"""The vanilla warm start."""

from __future__ import annotations

from dataclasses import dataclass

from onward.method import Method


@dataclass(frozen=True)
class WarmStart(Method):
    """Keep training on the new data alone. Every other method is measured against this one.

    The parent's weights are the start; nothing holds them back:

        L(θ) = L_new(θ)

    It is the identity of a chain: ``a | warm_start`` is ``a``.

    Acts on:      nothing
    Keeps:        nothing
    Cost:         that of the plain training loop
    Needs:        nothing of the model;  scenarios: all
    Status:       no paper

    Fields:
        none

    Example:
        >>> from onward.methods.warm_start import WarmStart
        >>> from onward.toy import two_blobs
        >>> after = two_blobs(WarmStart(), seed=0)
        >>> after.old < 0.1 < 0.9 < after.new          # it learns the new classes and loses the old
        True

    Departures:
        none: the name stands for what everyone does first.

    References:
        [1] Ash & Adams 2020, "On Warm-Starting Neural Network Training", arXiv:1910.08475: what it costs.
    """
