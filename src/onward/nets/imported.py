"""A user's own network, taken apart into a backbone and a head."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from onward.errors import InputError, listed, unknown
from onward.nets.backbone import Backbone


class Imported(Backbone):
    """What a user's factory builds, without its last linear layer. forward: (b, *shape) -> (b, d).

    Args:
        factory: import path of a function that returns the network, ``package.module:function``. It is run: that is
            what it is for.
        arguments: given to the factory by name; JSON.
        head: dotted name of the last linear layer, which is replaced by the identity; found by itself when "".

    Raises:
        InputError: when the path leads nowhere, or the head cannot be told.
    """

    def __init__(self, factory: str, arguments: Mapping[str, Any] | None = None, head: str = "") -> None:
        """Build the network and take its head off; ``head_weights`` are those the factory gave it."""
        super().__init__()
        self.factory, self.arguments = factory, dict(arguments or {})
        try:
            network = found(factory)(**self.arguments)
        except TypeError as error:
            raise InputError(f"{factory} cannot be called with {self.arguments}: {error}") from error
        except InputError:
            raise
        except Exception as error:  # a user's function may fail in any way it likes
            raise InputError(f"{factory} failed with {type(error).__name__}: {error}") from error
        if not isinstance(network, nn.Module):
            raise InputError(f"{factory} returned a {type(network).__name__}; it must return a torch.nn.Module")
        self.head_name = head or last_linear(network)
        modules = dict(network.named_modules())
        if self.head_name not in modules:
            raise unknown(f"layer of {factory}", self.head_name, filter(None, modules))
        linear = modules[self.head_name]
        if not isinstance(linear, nn.Linear):
            raise InputError(f"'{self.head_name}' of {factory} is a {type(linear).__name__}, not a linear layer")
        self.features, self.rows, self.has_bias = linear.in_features, linear.out_features, linear.bias is not None
        self.head_weights = {key: tensor.detach() for key, tensor in linear.state_dict().items()}
        if linear is network:
            network = nn.Identity()
        else:
            parent, _, name = self.head_name.rpartition(".")
            setattr(modules[parent], name, nn.Identity())
        self.network = network

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the features, (b, d)."""
        return self.network(inputs).flatten(1)

    def spec(self) -> dict[str, Any]:
        """Return the shape as JSON, for ``build``."""
        return {"net": "imported", "factory": self.factory, "arguments": self.arguments, "head": self.head_name}


def last_linear(network: nn.Module) -> str:
    """Return the dotted name of the last linear layer, in the order of definition.

    Raises:
        InputError: when there is none.
    """
    names = [name for name, module in network.named_modules() if isinstance(module, nn.Linear)]
    if not names:
        kinds = sorted({type(module).__name__ for module in network.modules()})
        raise InputError(f"the network has no linear layer to be its head; it is made of {listed(kinds)}")
    return names[-1]


def found(path: str) -> Any:  # noqa: ANN401 - a user's object, of any kind
    """Import ``package.module:name``, with the current folder on the path as Python itself would have it.

    Raises:
        InputError: when the module or the name is not there.
    """
    module, _, name = path.partition(":")
    if not module or not name:
        raise InputError(f"an import path has the form package.module:function, got {path!r}")
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
    return getattr(loaded, name)
