"""What Shen et al. 2024 claim of CKCA, arXiv:2406.04484, and what tries it here."""

from __future__ import annotations

from functools import partial

from onward.experiment.gains import Roles
from onward.reproduction.claim import Claim, Reproduction

CLAIM = Claim(
    paper="Shen et al. 2024, Step Out and Seek Around: On Warm-Start Training with Incremental Data",
    reference="arXiv:2406.04484",
    words="up to +8.39 points of top-1 over the vanilla warm start, ImageNet in 10 parts, old data gone",
    points=8.39,
    on="ImageNet",
)

RECONSTRUCTION = (
    "ckca is a reconstruction from the paper's abstract: its equations are not public to us, and the data here is not "
    "ImageNet"
)

tried = partial(Reproduction, claim=CLAIM, caveat=RECONSTRUCTION)

REPRODUCTIONS = (
    tried(
        name="ckca",
        title="warm start on data that comes in 10 parts, of which each is gone when the next comes",
        roles=Roles("ckca", "warm start", "joint", allowed_more=("replay", "ckca and replay")),
        forms=("full", "quick", "large"),
    ),
    tried(
        name="ckca-baselines",
        title="at which strength the baselines of ckca are best, on training data held back",
        roles=Roles("ckca", "warm start", "joint"),
        forms=("full",),
    ),
    tried(
        name="ckca-regime",
        title="how many epochs an update must have for ckca to gain over the warm start",
        roles=Roles("ckca, 40 epochs", "warm start, 40 epochs", "joint"),
        forms=("full",),
    ),
    tried(
        name="ckca-ablation",
        title="what each part of ckca is worth, on training data held back",
        roles=Roles("ckca", "warm start", "joint"),
        forms=("full",),
    ),
)
