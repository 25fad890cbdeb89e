"""Imports of the project's modules, read from their source without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Moment = Literal["top", "function", "typing"]


@dataclass(frozen=True)
class Import:
    """One import of a module by another; both by their dotted names."""

    importer: str
    imported: str
    line: int
    moment: Moment
    """When it loads: with the importer, in a call of a function, or never, for the type checker alone."""

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported} ({self.moment})"


@dataclass(frozen=True)
class Tree:
    """All modules of a source tree by their dotted names, and their imports."""

    files: Mapping[str, Path]
    imports: tuple[Import, ...]

    def top_level_imports(self, module: str) -> set[str]:
        """Every module, of the tree or not, that importing `module` loads."""
        loaded, waiting = set[str](), [module]
        while waiting:
            name = waiting.pop()
            if name not in loaded:
                loaded.add(name)
                waiting += parents_of(name)
                waiting += [one.imported for one in self.imports if one.importer == name and one.moment == "top"]
        return loaded - {module}


def read_tree(root: Path) -> Tree:
    """The modules of detector, digit_scenes and tools below a root."""
    files = {}
    for source, pattern in (
        (root, "detector/**/*.py"),
        (root, "tools/*.py"),
        (root / "datasets", "digit_scenes/**/*.py"),
    ):
        for path in source.glob(pattern):
            names = path.relative_to(source).with_suffix("").parts
            files[".".join(names[:-1] if names[-1] == "__init__" else names)] = path
    imports = (one for name, path in sorted(files.items()) for one in imports_of(name, path, files))
    return Tree(files, tuple(imports))


def imports_of(module: str, path: Path, known: Iterable[str]) -> Iterator[Import]:
    """All imports of a file, wherever they stand."""
    known = set(known)
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]

    def walk(node: ast.AST, moment: Moment) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield Import(module, alias.name, child.lineno, moment)
            elif isinstance(child, ast.ImportFrom):
                base = child.module or ""
                if child.level:
                    above = package.split(".")[: len(package.split(".")) + 1 - child.level]
                    base = ".".join([*above, *([child.module] if child.module else [])])
                for alias in child.names:
                    full = f"{base}.{alias.name}"
                    yield Import(module, full if full in known else base, child.lineno, moment)
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                yield from walk(child, "function")
            elif isinstance(child, ast.If) and ast.unparse(child.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
                for statement in child.body:
                    yield from walk(ast.Module([statement], []), "typing")
                for statement in child.orelse:
                    yield from walk(ast.Module([statement], []), moment)
            else:
                yield from walk(child, moment)

    yield from walk(ast.parse(path.read_text(encoding="utf-8")), "top")


def parents_of(module: str) -> list[str]:
    """The packages that are loaded before a module."""
    parts = module.split(".")
    return [".".join(parts[:i]) for i in range(1, len(parts))]
