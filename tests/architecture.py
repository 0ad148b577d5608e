"""The rules of the house. Each takes the house and yields one sentence for each breach."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from graphlib import CycleError, TopologicalSorter

from tests.sources import PACKAGE, House, part_of

FLOORS = {
    part: floor
    for floor, parts in {
        1: "types rng errors schema settings record formulas metrics transform content ahead heap docstring journal",
        2: "nets memory streams datasets",
        3: "context step phase connecting importance interference projection method learner",
        4: "methods engine catalogue",
        5: "store config gate toy preflight privacy",
        6: "release experiment report demo amend blend export reproduction",
        7: "cli __main__",
    }.items()
    for part in parts.split()
}

# Who may import whom on the same floor. A part may always import itself, methods excepted.
NEIGHBOURS = {
    "types": {"ahead", "errors"},
    "rng": {"errors"},
    "schema": {"errors"},
    "settings": {"errors", "schema", "types"},
    "record": {"errors", "types", "settings"},
    "transform": {"errors"},
    "content": {"errors", "types"},
    "formulas": {"errors", "types"},
    "metrics": {"errors", "types"},
    "phase": {"step"},
    "connecting": {"context", "phase", "step"},
    "importance": {"context", "phase", "step"},
    "interference": {"phase", "step"},
    "projection": {"phase", "step"},
    "method": {"context", "phase"},
    "learner": {"context", "phase", "method"},
    "catalogue": {"methods"},
    "store": {"gate", "preflight"},
    "report": {"experiment"},
    "release": {"report"},
    "amend": {"release", "report"},
    "blend": {"release", "report"},
    "export": {"report"},
    "demo": {"release", "experiment", "report"},
    "reproduction": {"experiment", "report"},
    "__main__": {"cli"},
}

# What lies below and is out of bounds all the same.
NEVER = {
    "methods": {"streams", "datasets"},
    "store": {"engine"},
    "report": {"engine", "methods"},
}

FILE_LINES, BODY_LINES, PARAMETERS = 250, 40, 7

# What may be longer than that: (rule, name or pattern) -> why.
EXCEPTIONS = {
    ("parameters", "onward.cli.*"): "a command has one parameter for each of its options",
    ("parameters", "onward.release.beginning.begin"): "what a first version is, only its user knows",
    ("parameters", "onward.nets.adopt.adopted"): "a checkpoint from elsewhere is described by that many facts",
}

VAGUE = set("utils util helpers helper misc common base manager core tools shared stuff".split())
PICKLES = set("pickle _pickle cPickle cloudpickle dill joblib marshal shelve".split())


def floors(house: House) -> Iterator[str]:
    """Imports look down, or to a neighbour that is named."""
    for module in house.inside:
        if module.part not in FLOORS:
            yield f"{module.name} stands on no floor; give {module.part!r} one in FLOORS"
            continue
        for target in sorted(house.arrows(module) - {PACKAGE}):
            other = part_of(target)
            if other == module.part:
                allowed = other != "methods" or target == f"{PACKAGE}.methods"
            elif FLOORS.get(other, 0) == FLOORS[module.part]:
                allowed = other in NEIGHBOURS.get(module.part, ())
            else:
                allowed = FLOORS.get(other, 0) < FLOORS[module.part]
            if not allowed or other in NEVER.get(module.part, ()):
                yield f"{module.name} imports {target}, which {module.part!r} may not"


def front_door(house: House) -> Iterator[str]:
    """Inside, a name is imported from where it is defined; only the version hangs at the door."""
    for module in house.inside:
        for target in module.imports():
            known = f"{PACKAGE}.{part_of(target)}" in {*house.modules, f"{PACKAGE}.__version__"}
            if target.split(".")[0] == PACKAGE and not known:
                yield f"{module.name} imports {target}; import it from the module that defines it"


def circles(house: House) -> Iterator[str]:
    """No module is needed by what it needs."""
    try:
        TopologicalSorter({m.name: house.arrows(m) - {PACKAGE} for m in house.inside}).prepare()
    except CycleError as error:
        yield f"a circle of imports: {' <- '.join(error.args[1])}"


def file_lines(house: House) -> Iterator[str]:
    """A file is read in one sitting."""
    for module in house.modules.values():
        if (count := len(module.text.splitlines())) > FILE_LINES:
            yield f"{module.name} has {count} lines, more than {FILE_LINES}"


def body_lines(house: House) -> Iterator[str]:
    """A function fits on a screen. Its docstring is not counted."""
    for module in house.modules.values():
        for name, function in module.functions():
            body = function.body[1:] if ast.get_docstring(function) else function.body
            count = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
            if count > BODY_LINES:
                yield f"{name} has {count} lines of body, more than {BODY_LINES}"


def parameters(house: House) -> Iterator[str]:
    """A call can be understood without counting commas."""
    for module in house.modules.values():
        for name, function in module.functions():
            given = function.args
            every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
            count = sum(a is not None and a.arg not in ("self", "cls") for a in every)
            if count > PARAMETERS:
                yield f"{name} has {count} parameters, more than {PARAMETERS}"


def vague_names(house: House) -> Iterator[str]:
    """A file is named for what is in it."""
    for module in house.modules.values():
        for word in VAGUE.intersection(module.name.split(".")):
            yield f"{module.name}: {word!r} does not say what is in it"


def methods(house: House) -> Iterator[str]:
    """One method a file, with a twin test and a page."""
    for module in (m for m in house.inside if m.name.startswith(f"{PACKAGE}.methods.")):
        bases = [ast.unparse(b) for n in module.tree.body if isinstance(n, ast.ClassDef) for b in n.bases]
        count = sum(base.split(".")[-1] == "Method" for base in bases)
        name = module.name.removeprefix(f"{PACKAGE}.methods.")
        if count != 1:
            yield f"{module.name} defines {count} methods; a file holds one"
        for twin in (f"tests/methods/test_{name}.py", f"docs/methods/{name}.md"):
            if not (house.root / twin).is_file():
                yield f"{module.name} has no {twin}"


def pickles(house: House) -> Iterator[str]:
    """No pickle is read but for plain weights, and none is written."""
    for module in house.modules.values():
        for target in module.imports():
            if PICKLES.intersection([target, target.split(".")[0]]) or target in ("torch.load", "torch.save"):
                yield f"{module.name} imports {target}"
        for call in (node for node in ast.walk(module.tree) if isinstance(node, ast.Call)):
            called = ast.unparse(call.func)
            flags = {k.arg for k in call.keywords if ast.unparse(k.value) == "True"}
            unsafe = called == "torch.load" and "weights_only" not in flags
            if unsafe or called == "torch.save" or "allow_pickle" in flags:
                yield f"{module.name}, line {call.lineno}: {called} reads or writes a pickle"


RULES: tuple[Callable[[House], Iterator[str]], ...] = (
    floors, front_door, circles, file_lines, body_lines, parameters, vague_names, methods, pickles,
)  # fmt: skip


def breaches(house: House, exceptions: Mapping[tuple[str, str], str] = EXCEPTIONS) -> list[str]:
    """Every breach of every rule, as ``rule: sentence``, but for those with an exception."""

    def excused(rule: str, sentence: str) -> bool:
        name = sentence.split(" ")[0]
        return any(rule == r and fnmatchcase(name, pattern) for r, pattern in exceptions)

    found = [(rule.__name__, sentence) for rule in RULES for sentence in rule(house)]
    return [f"{rule}: {sentence}" for rule, sentence in found if not excused(rule, sentence)]
