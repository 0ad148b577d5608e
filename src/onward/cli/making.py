"""The command that begins a lineage."""

from __future__ import annotations

from onward.cli import init_options, options


def init(
    head: options.NewHead,
    model: options.Model,
    weights: options.Weights = None,
    classes: options.Classes = "",
    test: options.Tests = None,
    shape: options.Shape = "",
    size: init_options.Size = "",
    fit: init_options.Fit = "",
    shorter_side: init_options.ShorterSide = None,
    channels: init_options.Channels = None,
    mean: options.Mean = "",
    std: options.Std = "",
    length: init_options.Length = None,
    head_layer: options.HeadLayer = "",
    adapter: init_options.AdapterFolder = None,
    lora: init_options.Lora = "",
    seed: options.Seed = 0,
    trained_on: init_options.TrainedOn = None,
    exemplar_free: options.ExemplarFree = False,
    note: options.Note = "",
    lineage: options.LineageFolder = options.DEFAULT_LINEAGE,
    data_dir: options.DataDir = None,
) -> None:
    """Begin a lineage with a model of yours, of others, or of ours.

    Yours comes with its class names, and with weights if it is trained; what its inputs look like, by --size, --shape
    or a test set, lets its head be found and its logits be checked. Ours knows no class until the first update.
    """
    from onward.cli.input_form import InputWords
    from onward.cli.models import Brought, classifier
    from onward.cli.show import console
    from onward.cli.versions import version_lines
    from onward.release.beginning import begin
    from onward.release.held_out import examined
    from onward.store.heads import allow
    from onward.store.lineage import Lineage

    tests = tuple(test or ())
    inputs = InputWords(shape, size, fit, shorter_side, channels, mean, std, length)
    brought = Brought(model, weights, classes, inputs, head_layer, adapter, lora, seed)
    made = classifier(brought, tests, data_dir)
    allow(head)
    for source in tests:
        examined(source, made, data_dir)  # before a folder is made in vain
    version = begin(Lineage.create(lineage), head, made, tests, data_dir, note, trained_on, exemplar_free)
    console().print(f"version {version.short} is head of {head}")
    version_lines(version)
