"""Which codes the service of each contract may answer with: read off the code, call by call.

    python -m tests.house.raised_codes

writes them into gateway/agency/catalogue/raised.json; `make contracts` does so too.

From the entrypoint of a contract on, each function that is named in it is followed within the
services, members and people; every text of them that is a code of gateway/http/problems.toml
counts. A method is followed by its name where the same service has one alone of that name. So a
code may stand too many here, and one is missing only where code is chosen by data.
"""

import ast
import sys
import tomllib
from collections.abc import Iterator
from functools import cache

import orjson

from contracts import agency_contracts
from tests.processes import ROOT

FOLLOWED = ("services", "members", "people", "bus/blobs", "bus/numbers")
# What has a method of these names is mostly no object of ours.
BUILT_IN = {name for kind in (dict, list, set, str, bytes) for name in dir(kind)}
MADE_BY = ("__init__", "__post_init__")
FILE = ROOT / "gateway/agency/catalogue/raised.json"
Name = tuple[str, str]
"""A module and a name in it: ("services.inquiry.service", "Inquiry.ask")."""


@cache
def codes() -> frozenset[str]:
    """All codes of the table of problems."""
    text = (ROOT / "gateway/http/problems.toml").read_text(encoding="utf-8")
    return frozenset(tomllib.loads(text))


class Module:
    """The functions, classes and constants of a module by name, and what its imports mean."""

    def __init__(self, name: str, tree: ast.Module) -> None:
        self.name = name
        self.bodies: dict[str, ast.AST] = {}
        self.imported = {
            alias.asname or alias.name: (node.module, alias.name)
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module
            for alias in node.names
        }
        for node in tree.body:
            self._add(node)

    def _add(self, node: ast.stmt, of: str = "") -> None:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            self.bodies[of + node.name] = node
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                self._add(inner, f"{node.name}.")
        elif isinstance(node, ast.Assign | ast.AnnAssign) and not of:
            targets = [node.target] if isinstance(node, ast.AnnAssign) else node.targets
            self.bodies |= {target.id: node for target in targets if isinstance(target, ast.Name)}


@cache
def modules() -> dict[str, Module]:
    """The modules that are followed, by their names."""
    made = {}
    for top in FOLLOWED:
        path = ROOT / top
        for file in path.rglob("*.py") if path.is_dir() else [path.with_suffix(".py")]:
            if "migrations" in file.parts or not file.exists():
                continue
            name = ".".join(file.relative_to(ROOT).with_suffix("").parts)
            name = name.removesuffix(".__init__")
            made[name] = Module(name, ast.parse(file.read_text(encoding="utf-8")))
    return made


@cache
def methods(service: str) -> dict[str, list[Name]]:
    """The methods of a service by their bare names."""
    by_name: dict[str, list[Name]] = {}
    for module in modules().values():
        if module.name.startswith(service):
            for name in module.bodies:
                if "." in name:
                    by_name.setdefault(name.partition(".")[2], []).append((module.name, name))
    return by_name


def entrypoints() -> dict[str, Name]:
    """The method that serves each contract, by the contract's name."""
    served = {}
    for module in modules().values():
        for name, body in module.bodies.items():
            for decorator in getattr(body, "decorator_list", ()):
                if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") == "serve":
                    of = ast.unparse(decorator.args[0])
                    contract = _contract(module, of)
                    if contract:
                        served[contract] = (module.name, name)
    return served


def _contract(module: Module, text: str) -> str | None:
    head, _, tail = text.partition(".")
    origin, name = module.imported.get(head, ("", ""))
    place, constant = (f"{origin}.{name}", tail) if tail else (origin, name)
    __import__(place)
    return getattr(getattr(sys.modules[place], constant, None), "name", None)


def named(module: Module, body: ast.AST, service: str) -> Iterator[Name]:
    """What the body of a function names: functions, classes, constants and methods."""
    for node in ast.walk(body):
        if isinstance(node, ast.Name):
            if node.id in module.bodies:
                yield module.name, node.id
            elif node.id in module.imported:
                yield module.imported[node.id]
        elif isinstance(node, ast.Attribute):
            origin, name = module.imported.get(getattr(node.value, "id", ""), ("", ""))
            yield f"{origin}.{name}", node.attr
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            candidates = methods(service).get(node.func.attr, [])
            if len(candidates) == 1 and node.func.attr not in BUILT_IN:
                yield candidates[0]


def codes_of(start: Name) -> list[str]:
    """All codes that may come from there."""
    service = ".".join(start[0].split(".")[:2])
    visited, waiting, codes_there = set(), [start], set()
    while waiting:
        place = waiting.pop()
        module = modules().get(place[0])
        if place in visited or module is None or place[1] not in module.bodies:
            continue
        visited.add(place)
        body = module.bodies[place[1]]
        if isinstance(body, ast.ClassDef) and place != start:
            waiting += [(module.name, f"{place[1]}.{name}") for name in MADE_BY]
        for node in ast.walk(body):
            if isinstance(node, ast.Constant) and node.value in codes():
                codes_there.add(node.value)
        if not isinstance(body, ast.ClassDef):
            waiting += named(module, body, service)
    return sorted(codes_there)


def raised() -> dict[str, list[str]]:
    """The codes of each contract that agencies may call, by the contract's name."""
    places = entrypoints()
    names = [contract.name for contract in agency_contracts()]
    return {name: codes_of(places[name]) if name in places else [] for name in names}


if __name__ == "__main__":
    FILE.write_bytes(orjson.dumps(raised(), option=orjson.OPT_INDENT_2) + b"\n")
