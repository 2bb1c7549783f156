"""What the source can say of errors: every text of its ``raise`` statements and faults, with stand-ins for values.

A text is put together as Python would: both sides of a condition, every value of a table, what a function of the
package returns, what callers pass. Where a value is known only when the program runs, a stand-in takes its place.
"""

from __future__ import annotations

import ast
from functools import cache
from itertools import islice, product
from pathlib import Path

import parksim

ROOT = Path(parksim.__file__).parent
MOST = 4000
"""Texts kept of one expression: sums of many alternatives are cut here."""

SENTENCES = {"ParksimError", "ValueError"}
"""Exceptions whose texts users read, with all their heirs in the package."""

FAULTS = ("Fault", "Iterator[tuple[str, str]]")


def stand_in(node: ast.AST) -> str:
    """Return what stands for a value: no word of any language, the same for the same expression."""
    return f"⟦{sum(map(ord, ast.unparse(node))) % 97}⟧"


class Module:
    """One file: its functions, constants and imports."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.name = file.relative_to(ROOT).as_posix()
        self.tree = ast.parse(file.read_text(encoding="utf-8"))
        self.owner: dict[ast.AST, ast.FunctionDef | None] = {}
        self.functions: dict[str, list[ast.FunctionDef]] = {}
        self.constants: dict[str, ast.expr] = {}
        self.imports: dict[str, tuple[str, str]] = {}
        self._walk(self.tree, None)
        for node in self.tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self.constants[node.targets[0].id] = node.value
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
                self.constants[node.target.id] = node.value

    def _walk(self, node: ast.AST, owner: ast.FunctionDef | None) -> None:
        for child in ast.iter_child_nodes(node):
            self.owner[child] = owner
            if isinstance(child, ast.FunctionDef):
                self.functions.setdefault(child.name, []).append(child)
                self._walk(child, child)
            else:
                if isinstance(child, ast.ImportFrom) and (child.module or "").startswith("parksim"):
                    for name in child.names:
                        self.imports[name.asname or name.name] = (child.module or "", name.name)
                self._walk(child, owner)


@cache
def modules() -> dict[str, Module]:
    """Return every module of the package by dotted name."""
    found = {}
    for file in sorted(ROOT.rglob("*.py")):
        parts = ("parksim", *file.relative_to(ROOT).with_suffix("").parts)
        found[".".join(parts).removesuffix(".__init__")] = Module(file)
    return found


@cache
def errors() -> set[str]:
    """Return the names of exceptions whose texts users read."""
    heirs = dict.fromkeys(SENTENCES, True)
    classes = [n for m in modules().values() for n in ast.walk(m.tree) if isinstance(n, ast.ClassDef)]
    for _ in range(4):
        heirs |= {c.name: True for c in classes if any(ast.unparse(base) in heirs for base in c.bases)}
    return set(heirs)


@cache
def calls() -> dict[str, list[tuple[Module, ast.Call]]]:
    """Return every call of the package by the last name of what is called."""
    found: dict[str, list[tuple[Module, ast.Call]]] = {}
    for module in modules().values():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                found.setdefault(name, []).append((module, node))
    return found


def texts(node: ast.AST | None, module: Module, seen: frozenset[ast.AST] = frozenset()) -> list[str]:
    """Return every text an expression can be; nothing where it is None."""
    if node is None or node in seen or len(seen) > 40:
        return [] if node is None else [stand_in(node)]
    found = _texts(node, module, seen | {node})
    return list(dict.fromkeys(found))[:MOST]


def _texts(node: ast.AST, module: Module, seen: frozenset[ast.AST]) -> list[str]:  # noqa: PLR0911  (a form each)
    match node:
        case ast.Constant(value=None):
            return []
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=values):
            around = [None, *values, None]
            return _joined(
                [
                    [stand_in(value)] if _quoted(before, value, after) else texts(value, module, seen)
                    for before, value, after in zip(around, values, around[2:], strict=False)
                ]
            )
        case ast.FormattedValue(value=value, conversion=how, format_spec=spec):
            found = [] if how != -1 or spec is not None else texts(value, module, seen)
            return found if any(found) else [stand_in(value)]
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return _joined([texts(left, module, seen), texts(right, module, seen)])
        case ast.IfExp(body=body, orelse=orelse):
            return [*texts(body, module, seen), *texts(orelse, module, seen)]
        case ast.BoolOp(values=values):
            return [text for value in values for text in texts(value, module, seen)]
        case ast.NamedExpr(value=value):
            return texts(value, module, seen)
        case ast.Name():
            return _named(node, module, seen)
        case ast.Subscript(value=table):
            return _entries(table, module, seen) or [stand_in(node)]
        case ast.Attribute(attr=name):
            return _returned(_functions(node, module, plain=False), seen) or _constant(
                name, module, seen, node
            )
        case ast.Call():
            return _called(node, module, seen)
    return [stand_in(node)]


def _quoted(before: ast.AST | None, value: ast.AST, after: ast.AST | None) -> bool:
    """Tell whether a value stands in quotes: it is a name then, and stays in every language."""
    return (
        isinstance(value, ast.FormattedValue)
        and isinstance(before, ast.Constant)
        and isinstance(after, ast.Constant)
        and str(before.value).endswith("'")
        and str(after.value).startswith("'")
    )


def _joined(parts: list[list[str]]) -> list[str]:
    return ["".join(chosen) for chosen in islice(product(*parts), MOST)]


def _named(node: ast.Name, module: Module, seen: frozenset[ast.AST]) -> list[str]:
    """Follow a name to what is assigned to it, to what callers pass, or to a constant."""
    owner = module.owner.get(node)
    while owner is not None:
        values = list(_assigned(node.id, owner))
        arguments = [a.arg for a in (*owner.args.posonlyargs, *owner.args.args, *owner.args.kwonlyargs)]
        if node.id in arguments:
            return [
                *(text for value in values for text in texts(value, module, seen)),
                *(_passed(node, owner, arguments, seen) or [stand_in(node)]),
            ]
        if values:
            return [text for value in values for text in texts(value, module, seen)]
        owner = module.owner.get(owner)
    return _constant(node.id, module, seen, node)


def _assigned(name: str, owner: ast.FunctionDef) -> list[ast.expr]:
    found: list[ast.expr] = []
    for node in ast.walk(owner):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name) and target.id == name:
                    found.append(node.value)
                elif isinstance(target, ast.Tuple):
                    for k, each in enumerate(target.elts):
                        if isinstance(each, ast.Name) and each.id == name:
                            split = isinstance(node.value, ast.Tuple)
                            found.append(node.value.elts[k] if split else each)
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr | ast.AugAssign) and node.value:
            found += [node.value] if ast.unparse(node.target) == name else []
    return found


def _passed(
    node: ast.Name, owner: ast.FunctionDef, arguments: list[str], seen: frozenset[ast.AST]
) -> list[str]:
    """Return what callers pass for a parameter."""
    found: list[str] = []
    at = arguments.index(node.id) - (arguments[0] in ("self", "cls"))
    for module, call in calls().get(owner.name, ()):
        if owner not in _functions(call.func, module):
            continue
        given = next((k.value for k in call.keywords if k.arg == node.id), None)
        if given is None and at < len(call.args) and not isinstance(call.args[at], ast.Starred):
            given = call.args[at]
        found += texts(given, module, seen)
    positional = [*owner.args.posonlyargs, *owner.args.args]
    defaults = dict(zip([a.arg for a in reversed(positional)], reversed(owner.args.defaults), strict=False))
    default = defaults.get(node.id)
    return [*found, ""] if found and isinstance(default, ast.Constant) and default.value == "" else found


def _constant(name: str, module: Module, seen: frozenset[ast.AST], node: ast.AST) -> list[str]:
    if (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in module.imports
    ):
        where, what = module.imports[node.value.id]
        held = modules().get(f"{where}.{what}")
        if held and name in held.constants:
            return texts(held.constants[name], held, seen)
        return [stand_in(node)]
    if isinstance(node, ast.Name) and name in module.constants:
        return texts(module.constants[name], module, seen)
    if isinstance(node, ast.Name) and name in module.imports:
        where, what = module.imports[name]
        held = modules().get(where)
        if held and what in held.constants:
            return texts(held.constants[what], held, seen)
    return [stand_in(node)]


def _entries(table: ast.AST, module: Module, seen: frozenset[ast.AST]) -> list[str]:
    """Return the texts of a table written as a dict, here or as a constant."""
    if isinstance(table, ast.Name):
        owner = module.owner.get(table)
        values = _assigned(table.id, owner) if owner else []
        table = next(iter(values), module.constants.get(table.id, table))
    if not isinstance(table, ast.Dict):
        return []
    return [text for value in table.values for text in texts(value, module, seen)]


def _functions(func: ast.AST, module: Module, *, plain: bool = True) -> list[ast.FunctionDef]:
    """Return the functions of the package that an expression can name; properties where not `plain`."""
    if isinstance(func, ast.Name):
        if func.id in module.functions:
            return module.functions[func.id]
        where, what = module.imports.get(func.id, ("", ""))
        held = modules().get(where)
        return held.functions.get(what, []) if held else []
    if not isinstance(func, ast.Attribute):
        return []
    if isinstance(func.value, ast.Name) and func.value.id in module.imports:
        where, what = module.imports[func.value.id]
        held = modules().get(f"{where}.{what}")
        if held:
            return held.functions.get(func.attr, [])
    found = [f for m in modules().values() for f in m.functions.get(func.attr, ())]
    tells = [f for f in found if f.args.args and f.args.args[0].arg == "self"]
    is_property = [bool(f.decorator_list) and "property" in ast.unparse(f.decorator_list[-1]) for f in tells]
    fitting = [f for f, prop in zip(tells, is_property, strict=True) if prop is not plain]
    return fitting if len(fitting) <= 8 else []


def _returned(functions: list[ast.FunctionDef], seen: frozenset[ast.AST]) -> list[str]:
    """Return the texts that functions return, where they return texts."""
    found: list[str] = []
    for function in functions:
        says = ast.unparse(function.returns) if function.returns else ""
        if says not in ("str", "str | None"):
            continue
        held = next(m for m in modules().values() if function in m.functions.get(function.name, ()))
        for node in ast.walk(function):
            if isinstance(node, ast.Return) and held.owner[node] is function:
                found += texts(node.value, held, seen)
    return found


def _called(node: ast.Call, module: Module, seen: frozenset[ast.AST]) -> list[str]:
    func = node.func
    if isinstance(func, ast.Name) and func.id == "str" and node.args:
        return texts(node.args[0], module, seen)
    if isinstance(func, ast.Name) and func.id == "next" and node.args:
        given = _elements(node.args[0], module, seen) or [stand_in(node)]
        return [*given, *texts(node.args[1] if node.args[1:] else None, module, seen)]
    if isinstance(func, ast.Attribute):
        if func.attr in {"removeprefix", "removesuffix", "strip", "replace", "lower"}:
            return texts(func.value, module, seen)
        if func.attr == "get" and (found := _entries(func.value, module, seen)):
            return [*found, *(text for other in node.args[1:] for text in texts(other, module, seen))]
        if func.attr == "join" and node.args:
            return _elements(node.args[0], module, seen) or [stand_in(node)]
    return _returned(_functions(func, module), seen) or [stand_in(node)]


def _elements(node: ast.AST, module: Module, seen: frozenset[ast.AST]) -> list[str]:
    if isinstance(node, ast.GeneratorExp | ast.ListComp):
        return texts(node.elt, module, seen)
    if isinstance(node, ast.List | ast.Tuple):
        return [text for each in node.elts for text in texts(each, module, seen)]
    return []


def said() -> dict[str, str]:
    """Return every text of an error, with where it is said."""
    found: dict[str, str] = {}
    for module in modules().values():
        for node, message in _messages(module):
            whole = isinstance(node, ast.Call) and len(node.args) == 1  # words.error("interrupted")
            for text in texts(message, module):
                if text.strip() == text and text[:1] != ":" and (whole or " " in text):
                    found.setdefault(text, f"{module.name}:{node.lineno}")
    return found


def _messages(module: Module) -> list[tuple[ast.AST, ast.AST]]:
    """Return the expressions of one module that say what is wrong."""
    found: list[tuple[ast.AST, ast.AST]] = []
    for node in ast.walk(module.tree):
        match node:
            case ast.Raise(exc=ast.Call(func=func, args=[first, *_])):
                name = ast.unparse(func).rpartition(".")[2]
                if name in errors() and name != "ScenarioError":
                    found.append((node, first))
            case ast.Call(func=ast.Name(id="Problem"), args=[_, _, field, message]):
                found.append((node, message))
                if any(" " in text for text in texts(field, module)):  # of a workbook: its sheet and row
                    found.append((node, field))
            case ast.Call(func=ast.Attribute(attr="notice" | "translated"), args=[message]):
                found.append((node, message))
            case ast.Call(func=ast.Name(id="_say"), args=[message]):
                found.append((node, message))
            case ast.Call(func=ast.Attribute(value=ast.Name(id="words"), attr="error"), args=[message]):
                found.append((node, message))
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="faults"), attr="append"),
                args=[ast.Tuple(elts=[_, message])],
            ):
                found.append((node, message))
            case ast.Return(value=ast.expr() as value) if module.name.startswith("interventions/"):
                owner = module.owner[node]
                if owner is not None and owner.returns and ast.unparse(owner.returns) == "str | None":
                    found.append((node, value))
            case ast.Tuple(elts=[_, message]):
                owner = module.owner.get(node)
                says = ast.unparse(owner.returns) if owner and owner.returns else ""
                keeps = owner is not None and any(
                    a.annotation and "Fault" in ast.unparse(a.annotation) for a in owner.args.args
                )
                if keeps or any(word in says for word in FAULTS):
                    found.append((node, message))
    return found
