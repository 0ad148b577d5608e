"""Subspace-Connectivity: Doan et al. 2023, arXiv:2202.09826, Algorithm 1, without batch norm."""

from __future__ import annotations

from tests.reference.subspace import connect, corners_of
from tests.reference.subspace_ensemble import subspace_ensemble


def subspace_connectivity(model, offsets, learning, before, mix, noise, connecting, past, rate, connect_lr, clip=None):
    """Learn in the subspace, start between both midpoints, and connect.

    Args:
        model: the network; left at the midpoint.
        offsets: of the corners at first.
        learning: the steps of ``subspace_ensemble``.
        before: the weights before, by name; rows that were not there are taken from what is found.
        mix: share of ``before`` at the start.
        noise: gives the offsets of the corners around the model as it is then.
        connecting: the steps of ``connect``.
        past: number of earlier updates.
        rate: of learning.
        connect_lr: of connecting.
        clip: of the gradient at a point, in connecting.
    """
    subspace_ensemble(model, corners_of(model, offsets), learning, **rate)
    found = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    ends = ({**found, **before}, found)
    for name, parameter in model.named_parameters():
        parameter.data = mix * ends[0][name] + (1 - mix) * found[name]
    connect(model, corners_of(model, noise(model)), ends, connecting, past, connect_lr, clip)
