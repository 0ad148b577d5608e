"""What commands take on the command line, and what their help says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_LINEAGE = Path(".onward")

# Which version, where.
Reference = Annotated[
    str, typer.Argument(metavar="REFERENCE", help="A head, head~2 for two versions before it, or how an id begins.")
]
Second = Annotated[str, typer.Argument(metavar="REFERENCE", help="The version to compare it with.")]
NewHead = Annotated[str, typer.Argument(metavar="HEAD", help="A name for the version in use, like prod.")]
NamingHead = Annotated[str, typer.Argument(metavar="HEAD", help="What is to name it; made where there is none.")]
MovedHead = Annotated[str, typer.Argument(metavar="HEAD", help="The head to take back.")]
LineageFolder = Annotated[
    Path, typer.Option("--lineage", metavar="FOLDER", envvar="ONWARD_LINEAGE", help="Where the versions are.")
]

# Which examples, where.
Source = Annotated[str, typer.Argument(metavar="SOURCE", help="The examples; see below.")]
Data = Annotated[str, typer.Option("--data", metavar="SOURCE", help="What arrived; see below.")]
Tests = Annotated[
    list[str] | None, typer.Option("--test", metavar="SOURCE", help="A test set; may be given several times.")
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        envvar="ONWARD_DATA",
        help="Where data sets by name are looked for.",
        show_default="the user's cache",
    ),
]

# A model that is brought.
Model = Annotated[
    str,
    typer.Option(
        metavar="MODEL",
        help="mlp(width=256), cnn or resnet18(width=20); yours: package.module:factory(width=3); hf:NAME_OR_FOLDER; "
        "timm:NAME.",
    ),
]
Weights = Annotated[
    Path | None, typer.Option(metavar="FILE", help="A state dict: .safetensors, or .pt with tensors alone.")
]
Classes = Annotated[
    str,
    typer.Option(
        metavar="NAMES", help="Of the outputs, in order: with commas between, or a file: a line each, JSON or YAML."
    ),
]
Shape = Annotated[
    str,
    typer.Option(metavar="SIZES", help="Of one input, like 1,28,28; else as --size says, or as the first --test."),
]
HeadLayer = Annotated[
    str,
    typer.Option(
        metavar="NAME", help="The linear layer that gives the logits, where a forward pass cannot tell which."
    ),
]
Mean = Annotated[
    str, typer.Option(metavar="NUMBERS", help="By channel, taken off the inputs; bytes are brought to [0, 1] first.")
]
Std = Annotated[str, typer.Option(metavar="NUMBERS", help="By channel; the inputs are divided by it.")]

# An update.
MethodText = Annotated[
    str | None, typer.Option("--method", metavar="METHOD", help="Like 'lwf | replay(size=500)'; else the parent's.")
]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting; may be given several times.")
]
Epochs = Annotated[int | None, typer.Option(metavar="NUMBER", help="Passes over the new data.")]
Steps = Annotated[
    int | None, typer.Option(metavar="NUMBER", help="At most so many a phase; 0 shows the plan and trains nothing.")
]
PromoteTo = Annotated[
    str | None, typer.Option("--as", metavar="HEAD", help="The head to promote to; else the one that was named.")
]
NoPromote = Annotated[bool, typer.Option("--no-promote", help="Keep the version and leave the head.")]
ExemplarFree = Annotated[
    bool, typer.Option("--exemplar-free", help="Keep no example: methods that keep some are refused.")
]
Note = Annotated[str, typer.Option(metavar="TEXT", help="Your words, for the version's card.")]
Seed = Annotated[int, typer.Option(metavar="NUMBER", help="Of every random stream.")]

# An experiment.
Experiment = Annotated[Path, typer.Argument(metavar="FILE", help="TOML: a stream, a model, settings, methods, seeds.")]
StoryFolder = Annotated[Path, typer.Option("--out", metavar="FOLDER", help="For the lineage and the picture.")]
ResultsFolder = Annotated[
    Path | None,
    typer.Option("--out", metavar="FOLDER", help="Where the results go.", show_default="results/NAME"),
]
Seeds = Annotated[int | None, typer.Option(metavar="NUMBER", help="How many seeds, instead of those in the file.")]
Jobs = Annotated[int | None, typer.Option(metavar="NUMBER", help="Processes at once.", show_default="one a processor")]

# What is printed.
MethodName = Annotated[str | None, typer.Argument(metavar="NAME", help="One of them, to be told all of it.")]
Csv = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Write a CSV file instead: row, class, probability, file.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print what came of it alone.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]

SOURCES = """
A SOURCE is a data set's name or a path, then where wanted :SPLIT, then @SELECTIONs, which act from left to right:

\b
  mnist:train@classes=0,1,2@shuffle=7@rows=0:5000
  ./photos/week-47            a folder for each class
  arrived/week-47.npz         x and y
  birds.csv@label=species     a table; its input: @columns=, @path=, @text=
"""


def example(*commands: str) -> str:
    """Return the end of a command's help: commands as one types them, some of them on two lines."""
    return "\n".join(["\b", "Example:", *("  onward " + command.replace("\n", " \\\n      ") for command in commands)])
