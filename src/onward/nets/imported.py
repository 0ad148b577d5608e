"""A user's own network, taken apart into a backbone and a head."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from onward.errors import InputError, OnwardError, unknown
from onward.nets import adapters
from onward.nets.backbone import Backbone
from onward.nets.described import Described
from onward.nets.found_head import last_linear, linear_layer, part_of
from onward.schema import checked
from onward.transform import ImageTransform, Transform


class Imported(Backbone):
    """What a user's factory builds, without its last linear layer. forward: (b, *shape) -> (b, d).

    Args:
        factory: import path of a function that returns the network, ``package.module:function``. It is run: that is
            what it is for.
        arguments: given to the factory by name; JSON.
        head: dotted name of the last linear layer, which is replaced by the identity; the last one defined when "".
        output: the part of the network's output that the head gives, where the output is no tensor; see ``part_of``.
        transform: how images become inputs, the fields of an ``ImageTransform``; None where nobody said.
        adapter: the configuration of a PEFT adapter, which is then all that an update moves; None is none.
        network: what the factory made, with any adapter in it, where that is at hand. It is changed in place.

    Raises:
        InputError: when the path leads nowhere, or the head cannot be told.
    """

    def __init__(
        self,
        factory: str,
        arguments: Mapping[str, Any] | None = None,
        head: str = "",
        output: str = "",
        transform: Mapping[str, Any] | None = None,
        adapter: Mapping[str, Any] | None = None,
        network: nn.Module | None = None,
    ) -> None:
        """Build the network and take its head off; ``head_weights`` are those the factory gave it."""
        super().__init__()
        self.factory, self.arguments, self.output = factory, dict(arguments or {}), output
        self.images = None if transform is None else checked(ImageTransform, transform, "the transform")
        self.adapter = None if adapter is None else dict(adapter)
        if network is None:
            network = made(factory, self.arguments)
            if self.adapter is not None:
                adapters.insert(network, self.adapter)
        self.head_name = head or last_linear(network)
        linear = linear_layer(network, self.head_name, factory or "the network")
        self.features, self.rows, self.has_bias = linear.in_features, linear.out_features, linear.bias is not None
        self.head_weights = {"weight": linear.weight.detach()}
        if self.has_bias:
            self.head_weights["bias"] = linear.bias.detach()
        self.network = beheaded(network, self.head_name)
        moved = {name for name, parameter in self.named_parameters() if parameter.requires_grad}
        self.moved = None if self.adapter is None else frozenset(moved)
        self.requires_grad_(True)
        self.shape = shape_of(self.transform)

    @property
    def transform(self) -> Transform | None:
        """How files become inputs, as it was said, or as the network itself says; None where nobody said."""
        return self.network.transform if isinstance(self.network, Described) else self.images

    def trains(self, name: str) -> bool:
        """Say whether an update moves a parameter: any, or where there is an adapter, what that trains."""
        return self.moved is None or name in self.moved

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the features, (b, d)."""
        return part_of(self.network(inputs), self.output).flatten(1)

    def spec(self) -> dict[str, Any]:
        """Return the shape as JSON, for ``build``.

        Raises:
            InputError: when the network was handed over as an object, which no file can make again.
        """
        if not self.factory:
            raise InputError(
                "a network that was handed over as an object cannot be made again from a file; adopt it by its import "
                "path: adopted('package.module:function', classes, network.state_dict())"
            )
        images = None if self.images is None else {**asdict(self.images), "size": list(self.images.size)}
        return {
            "net": "imported",
            "factory": self.factory,
            "arguments": self.arguments,
            "head": self.head_name,
            "output": self.output,
            "transform": images,
            "adapter": self.adapter,
        }


def beheaded(network: nn.Module, head: str) -> nn.Module:
    """Return a network with the identity in the place of its head; changed in place, unless it is all head."""
    if not head:
        return nn.Identity()
    parent, _, name = head.rpartition(".")
    setattr(network.get_submodule(parent), name, nn.Identity())
    return network


def shape_of(transform: Transform | None) -> tuple[int, ...]:
    """Return the shape of the inputs that a transform makes; () where there is none."""
    if transform is None:
        return ()
    return transform.shape if isinstance(transform, ImageTransform) else (transform.length,)


def made(factory: str, arguments: Mapping[str, Any]) -> nn.Module:
    """Return what a factory builds.

    Raises:
        InputError: when it is not there, fails, or returns no network.
    """
    build = found(factory)
    try:
        network = build(**arguments)
    except OnwardError:
        raise
    except TypeError as error:
        raise InputError(f"{factory} cannot be called with {dict(arguments)}: {error}") from error
    except Exception as error:  # a user's function may fail in any way it likes
        raise InputError(f"{factory} failed with {type(error).__name__}: {error}") from error
    if not isinstance(network, nn.Module):
        raise InputError(f"{factory} returned a {type(network).__name__}; it must return a torch.nn.Module")
    return network


def found(path: str) -> Any:  # noqa: ANN401 - a user's object, of any kind
    """Import ``package.module:name``, with the current folder on the path as Python itself would have it.

    Raises:
        InputError: when the module or the name is not there, or is Python's own.
    """
    module, _, name = path.partition(":")
    if not module or not name:
        raise InputError(f"an import path has the form package.module:function, got {path!r}")
    if of_python(module):
        raise InputError(f"{path} is of Python's own library, which holds no network; wanted a function of yours")
    here, added = str(Path.cwd()), False
    if here not in sys.path:
        sys.path.insert(0, here)
        added = True
    try:
        loaded = importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise InputError(f"{path}: there is no module {error.name!r}; run where it can be imported") from error
    except Exception as error:  # a user's module may fail in any way it likes
        raise InputError(f"{path}: the module {module} failed with {type(error).__name__}: {error}") from error
    finally:
        if added:
            sys.path.remove(here)
    if not hasattr(loaded, name):
        raise unknown(f"name in {module}", name, [n for n in vars(loaded) if not n.startswith("_")])
    thing = getattr(loaded, name)
    if (inspect.isclass(thing) or inspect.isroutine(thing)) and of_python(str(thing.__module__)):
        raise InputError(f"{path} is {thing.__module__}.{thing.__name__}, which makes no network; wanted one of yours")
    return thing


def of_python(module: str) -> bool:
    """Say whether a module is of the standard library: what a card may never have called, such as ``os``."""
    return module.partition(".")[0] in sys.stdlib_module_names
