"""The rules of the house, read from its sources with ``ast``: nothing of the package is imported here.

Each rule takes the house and yields one sentence for each breach.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

PACKAGE = "onward"

FLOORS = {
    part: floor
    for floor, parts in {
        1: "types rng errors settings record formulas metrics",
        2: "nets memory streams datasets",
        3: "context phase method learner",
        4: "methods engine catalogue",
        5: "store config gate toy",
        6: "release experiment report demo",
        7: "cli __main__",
    }.items()
    for part in parts.split()
}

# Who may import whom on the same floor. A part may always import itself, methods excepted.
NEIGHBOURS = {
    "types": {"errors"},
    "rng": {"errors"},
    "settings": {"errors", "types"},
    "record": {"errors", "types", "settings"},
    "formulas": {"errors", "types"},
    "metrics": {"errors", "types"},
    "method": {"context", "phase"},
    "learner": {"context", "phase", "method"},
    "catalogue": {"methods"},
    "experiment": {"release"},
    "demo": {"release", "experiment", "report"},
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
EXCEPTIONS: dict[tuple[str, str], str] = {
    ("parameters", "onward.cli.*"): "a command has one parameter for each of its options",
}

VAGUE = set(
    [
        "utils",
        "util",
        "helpers",
        "helper",
        "misc",
        "common",
        "base",
        "manager",
        "core",
        "tools",
        "shared",
        "stuff",
    ]
)
PICKLES = set(["pickle", "_pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"])


@dataclass(frozen=True)
class Module:
    """One source file. name: dotted, a package by its own name."""

    name: str
    path: Path

    @property
    def part(self) -> str:
        return part_of(self.name)

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    def imports(self) -> Iterator[str]:
        """Every imported name, dotted and absolute, wherever in the file the import stands."""
        package = self.name.split(".") if self.path.stem == "__init__" else self.name.split(".")[:-1]
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                above = package[: len(package) - node.level + 1] if node.level else []
                source = ".".join([*above, *filter(None, [node.module])])
                yield from (f"{source}.{alias.name}" for alias in node.names)

    def functions(self) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
        """Every function and method, with its qualified name."""
        yield from functions_in(self.tree, self.name)


@dataclass(frozen=True)
class House:
    """A project folder: its package, tests and docs."""

    root: Path
    exceptions: dict[tuple[str, str], str] = field(default_factory=EXCEPTIONS.copy)

    @cached_property
    def modules(self) -> dict[str, Module]:
        source = self.root / "src"
        paths = sorted((source / PACKAGE).rglob("*.py"))
        names = [".".join(path.relative_to(source).with_suffix("").parts) for path in paths]
        names = [name.removesuffix(".__init__") for name in names]
        return {name: Module(name, path) for name, path in zip(names, paths, strict=True)}

    @cached_property
    def inside(self) -> list[Module]:
        """All modules but the front door, ``onward/__init__.py``, which may open on any floor."""
        return [module for name, module in self.modules.items() if name != PACKAGE]

    def arrows(self, module: Module) -> set[str]:
        """The modules of the package that ``module`` imports; names in them count as the module."""
        found = set()
        for target in module.imports():
            while target not in self.modules and "." in target:
                target = target.rpartition(".")[0]
            if target in self.modules:
                found.add(target)
        return found - {module.name}

    def excused(self, rule: str, name: str) -> bool:
        return any(rule == r and fnmatchcase(name, pattern) for r, pattern in self.exceptions)


def part_of(name: str) -> str:
    """The first name below the package: what has a floor."""
    return (name.split(".") + [""])[1]


def functions_in(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for child in ast.iter_child_nodes(node):
        named = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        name = f"{prefix}.{child.name}" if named else prefix
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield name, child
        yield from functions_in(child, name)


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


def breaches(house: House) -> list[str]:
    """Every breach of every rule, as ``rule: sentence``, but for those with an exception."""
    found = [(rule.__name__, sentence) for rule in RULES for sentence in rule(house)]
    return [f"{rule}: {text}" for rule, text in found if not house.excused(rule, text.split(" ")[0])]
