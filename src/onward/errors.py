"""What a user can do about it: every error here says what was wanted, what came, and the way out."""

from __future__ import annotations

import difflib
import importlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import ModuleType

MOST_TOLD = 50
"""Problems that one message tells."""

LONGEST_NAME = 200
"""Letters of a name that may be a slip of the pen; to compare longer ones takes time by the square of their length."""


class OnwardError(Exception):
    """Anything that onward refuses or could not do. The message alone is shown to a user of the command line."""


class InputError(OnwardError, ValueError):
    """What was given cannot be used: data, a class map, a setting, a name."""


class StoreError(OnwardError):
    """A lineage on disk is not what its cards say, or cannot be read or written."""


class DivergedError(OnwardError, ArithmeticError):
    """Training produced a number that is not finite. The parent is unchanged."""


class StoppedError(OnwardError):
    """An update was asked to stop, and did; what was done of it is in its journal."""


class MissingExtraError(OnwardError, ImportError):
    """An optional dependency is wanted and not installed."""


def listed(names: Iterable[object], most: int = 12) -> str:
    """Return ``names`` as ``a, b, c`` with the rest counted, for use inside a message."""
    every = [str(name) for name in names]
    rest = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + rest


def repeated(names: Iterable[str]) -> list[str]:
    """Return those of some names that come more than once, each once and in order, for use inside a message.

    >>> repeated(["b", "a", "b", "a", "c"])
    ['a', 'b']
    """
    return sorted(name for name, count in Counter(names).items() if count > 1)


def together(problems: Sequence[str]) -> str:
    """Return the sentences that say what is wrong as one message, each once; of very many the rest is counted.

    >>> together(["no name", "no date", "no name"])
    'no name; no date'
    """
    told = list(dict.fromkeys(problems))
    rest = [f"and {counted(len(told) - MOST_TOLD, 'more problem')}"] if len(told) > MOST_TOLD else []
    return "; ".join(told[:MOST_TOLD] + rest)


def counted(count: int, noun: str) -> str:
    """Return how many there are of something, for use inside a message.

    >>> counted(1, "class"), counted(1200, "class"), counted(0, "step")
    ('1 class', '1,200 classes', '0 steps')
    """
    plural = "" if count == 1 else "es" if noun.endswith("s") else "s"
    return f"{count:,} {noun}{plural}"


def hold(rules: Mapping[str, bool], values: Mapping[str, object]) -> None:
    """Refuse values that break a rule, all of them at once.

    Args:
        rules: whether each holds; a rule is a sentence that begins with the name of the value it is about.
        values: by name.

    Raises:
        InputError: with every rule that does not hold and the value that came.
    """
    broken = [f"{rule}, got {values[rule.split()[0]]!r}" for rule, holds in rules.items() if not holds]
    if broken:
        raise InputError("; ".join(broken))


def unknown(kind: str, name: str, known: Iterable[str]) -> InputError:
    """Return the error for a name that does not exist, with the nearest ones that do.

    >>> print(unknown("method", "ewcc", ["ewc", "lwf"]))
    unknown method 'ewcc'. Did you mean 'ewc'? There are: ewc, lwf
    """
    every = sorted(known)
    near = nearest(name, every, most=3)
    guess = f" Did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
    there = f" There are: {listed(every, most=50)}" if every else " There are none yet."
    return InputError(f"unknown {kind} {name!r}.{guess}{there}")


def nearest(name: str, known: Iterable[str], most: int = 1) -> list[str]:
    """Return those of some names that are most like one, the nearest first; [] for one too long to be a name."""
    return difflib.get_close_matches(name, [*known], n=most, cutoff=0.5) if len(name) <= LONGEST_NAME else []


def optional(module: str, extra: str, purpose: str) -> ModuleType:
    """Import an optional dependency, or say which extra brings it.

    Args:
        module: the module to import, dotted.
        extra: the extra of this package that installs it.
        purpose: what it is wanted for, as the subject of the message.

    Raises:
        MissingExtraError: when it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise MissingExtraError(
            f"{purpose} needs {package}, which is not installed. Install it with: pip install 'onward[{extra}]'"
        ) from error
