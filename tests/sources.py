"""The sources of the package, read with ``ast``: modules, what they import, the functions in them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PACKAGE = "onward"
Function = ast.FunctionDef | ast.AsyncFunctionDef


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

    def functions(self) -> Iterator[tuple[str, Function]]:
        """Every function and method, with its qualified name."""
        yield from functions_in(self.tree, self.name)


@dataclass(frozen=True)
class House:
    """A project folder: its package, tests and docs."""

    root: Path

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


def part_of(name: str) -> str:
    """The first name below the package: what has a floor."""
    return [*name.split("."), ""][1]


def functions_in(node: ast.AST, prefix: str) -> Iterator[tuple[str, Function]]:
    for child in ast.iter_child_nodes(node):
        named = isinstance(child, Function | ast.ClassDef)
        name = f"{prefix}.{child.name}" if named else prefix
        if isinstance(child, Function):
            yield name, child
        yield from functions_in(child, name)
