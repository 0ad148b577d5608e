"""What stands on the leaderboard: every method there is, every chain that has a name, and chains worth having."""

from __future__ import annotations

from onward import catalogue

CHAINS = (
    "sgm | replay",
    "lwf | replay",
    "ewc | replay",
    "replay | bic",
    "replay | lwf | bic",
    "replay | align_head",
    "replay | podnet | align_head",
    "lwf | replay | align_head",
    "least_squares | derpp | align_head",
    "replay | sam",
    "replay | weight_average",
    "der | ace",
    "least_squares | replay",
    "least_squares | lwf | replay",
    "least_squares | ckca | replay",
    "ckca | replay",
    "two_step | replay",
    "replay(memory='herding')",
    "replay(memory='balanced')",
)
"""Chains of what acts in different places: data, start, loss, steps, the finished head."""


def entries() -> tuple[str, ...]:
    """Return every entry as it is written; with no field set, so that a method is what it is by itself."""
    return (*catalogue.names(), *catalogue.CHAINS, *CHAINS)
