"""What ``onward init`` takes of a model that is brought, beyond its weights and its class names."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Size = Annotated[
    str, typer.Option(metavar="PIXELS", help="To which images are brought: 224, or 96x128, the height first.")
]
Fit = Annotated[
    str,
    typer.Option(
        metavar="WAY", help="squash an image to that size, or crop: resize its shorter side, cut out the middle.",
        show_default="squash",
    ),
]  # fmt: skip
ShorterSide = Annotated[
    int | None,
    typer.Option(metavar="PIXELS", help="To which crop resizes it.", show_default="the larger of --size"),
]
Channels = Annotated[
    int | None, typer.Option(metavar="NUMBER", help="Of an image: 1 is grey, 3 is colour.", show_default="3")
]
Length = Annotated[
    int | None,
    typer.Option(metavar="TOKENS", help="Of a text; longer ones are cut.", show_default="128, or the model's most"),
]
AdapterFolder = Annotated[
    Path | None,
    typer.Option("--adapter", metavar="FOLDER", help="A PEFT adapter; updates train it and the head, nothing else."),
]
Lora = Annotated[str, typer.Option(metavar="FIELDS", help="A fresh LoRA: \"r=8, target_modules=['query', 'value']\".")]
TrainedOn = Annotated[
    int | None,
    typer.Option(metavar="NUMBER", help="Examples that a trained one has seen, for the bill.", show_default="unknown"),
]
