"""The syntax wall: which statements may be written, and the guards woven into the rest.

Guarantee: after a visit without problems, every attribute is read through `_getattr_`, every item
is written through `_write_`, every attribute through `_writeattr_`, every class is made by
`__metaclass__`, `super().name` goes through `_super_`, and no name that a guard has can be bound
or read by user code.
Assumption: reading items, iterating, unpacking and calling need no guard, because no object that
user code can hold has items, iteration or a call that leads out (the reachability audit tests it).
RestrictedPython's own hooks for those are therefore left out, which makes guest code twice as fast.
"""

import ast
from collections.abc import Iterable
from typing import TypeVar

from RestrictedPython.transformer import (
    INSPECT_ATTRIBUTES,
    IOPERATOR_TO_STR,
    copy_locations,
)

from drivers.guest.language import hints
from drivers.guest.language.import_rules import ImportRules
from drivers.guest.language.lines import Lines
from drivers.guest.language.rejection import Problem

_HANDLER_PARAMETERS = 2
_CLASS = "class"  # A keyword, so no parameter has this name.
_Visited = ast.AST | Iterable[ast.AST] | None
_Node = TypeVar("_Node", bound=ast.AST)


_SIGNS: dict[type[ast.operator], str] = {**IOPERATOR_TO_STR}


class GuestTransformer(ImportRules):
    """Rewrite a module for the guest and collect what it may not contain in `problems`."""

    def __init__(self, *, lines: Lines | None = None) -> None:
        super().__init__(lines=lines)
        # For each scope around: the first parameter of a function ("" if none), or _CLASS.
        self._scopes: list[str] = []

    def visit_Name(self, node: ast.Name) -> _Visited:  # noqa: N802 - named by ast
        """Leave `print` an ordinary name; it is bound afresh for every call."""
        if node.id == "print" and isinstance(node.ctx, ast.Load):
            return node
        self.check_name(node, node.id)
        return node

    def visit_Global(self, node: ast.Global) -> _Visited:  # noqa: N802 - named by ast
        """Refuse to declare a guarded name, although it could not be assigned either."""
        for name in node.names:
            self.check_name(node, name)
        return node

    # Annotations are dropped unevaluated, so that they need no import.

    def visit_AnnAssign(self, node: ast.AnnAssign) -> _Visited:  # noqa: N802 - named by ast
        """Turn `x: int = 1` into `x = 1`, and `x: int` into nothing."""
        if node.value is None:
            if not isinstance(node.target, ast.Name):
                return ast.copy_location(ast.Pass(), node)
            self.check_name(node, node.target.id)
            return ast.copy_location(ast.Pass(), node)
        return self.visit_Assign(
            ast.copy_location(ast.Assign(targets=[node.target], value=node.value), node)
        )

    def visit_arg(self, node: ast.arg) -> _Visited:
        """Drop the annotation of a parameter."""
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> _Visited:  # noqa: N802 - named by ast
        """Drop the result's annotation, check the names, visit the rest."""
        node.returns = None
        self.check_name(node, node.name, allow_magic_methods=True)
        self.check_function_argument_names(node)
        positional = [*node.args.posonlyargs, *node.args.args]
        self._scopes.append(positional[0].arg if positional else "")
        node = self.node_contents_visit(node)
        self._scopes.pop()
        return node

    # Plain visits where RestrictedPython would call a guard that checks nothing here.

    def guard_iter(self, node: _Node) -> _Node:
        """Iterate natively, but never asynchronously."""
        if isinstance(node, ast.comprehension) and node.is_async:
            self.reject(node.target, "async for is not available here.", "Write a plain for.")
        return self.node_contents_visit(node)

    def visit_Assign(self, node: ast.Assign) -> _Visited:  # noqa: N802 - named by ast
        """Unpack natively."""
        return self.node_contents_visit(node)

    def visit_With(self, node: ast.With) -> _Visited:  # noqa: N802 - named by ast
        """Unpack natively."""
        return self.node_contents_visit(node)

    def visit_Call(self, node: ast.Call) -> _Visited:  # noqa: N802 - named by ast
        """Refuse eval and exec by name; pass star arguments natively."""
        if isinstance(node.func, ast.Name) and node.func.id in {"eval", "exec"}:
            self.reject(
                node,
                f"{node.func.id}() is not available here.",
                "Use json.loads() to read data; code cannot be made at run time.",
            )
        return self.node_contents_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> _Visited:  # noqa: N802 - named by ast
        """Read items natively and write them through `_write_`."""
        node = self.node_contents_visit(node)
        if not isinstance(node.ctx, ast.Load):
            node.value = _guarded(node.value, "_write_")
        return node

    def visit_Attribute(self, node: ast.Attribute) -> _Visited:  # noqa: N802 - named by ast
        """Read attributes through `_getattr_` and write them through `_writeattr_`."""
        if isinstance(node.ctx, ast.Load) and _is_super(node.value):
            return self._super_read(node)
        self._check_attribute(node)
        node = self.node_contents_visit(node)
        if isinstance(node.ctx, ast.Load):
            read = _call("_getattr_", [node.value, ast.Constant(node.attr)])
            copy_locations(read, node)
            return read
        node.value = _guarded(node.value, "_writeattr_")
        return node

    def _super_read(self, node: ast.Attribute) -> ast.expr:
        """Turn `super().name` into a guarded read; `__init__` is the one inner name it may have.

        `__class__` is the cell that the interpreter makes for the class around; user code cannot
        write that name itself.
        """
        if node.attr != "__init__":
            self._check_attribute(node)
        first = self._scopes[-1] if self._scopes else ""
        if first in {"", _CLASS} or _CLASS not in self._scopes:
            self.reject(node, "super() is only available in methods.", hints.SUPER_CALL)
            return node
        around, own = ast.Name("__class__", ast.Load()), ast.Name(first, ast.Load())
        read = _call("_super_", [around, own, ast.Constant(node.attr)])
        copy_locations(read, node)
        return read

    def _check_attribute(self, node: ast.Attribute) -> None:
        name = node.attr
        if name.startswith("_") and name != "_":
            reason = f'The attribute "{name}" starts with an underscore.'
            is_super = isinstance(node.value, ast.Call) and _is_named(node.value, "super")
            self.reject(node, reason, hints.SUPER_CALL if is_super else hints.UNDERSCORE_ATTRIBUTE)
        elif name.endswith("__roles__") or name in INSPECT_ATTRIBUTES:
            self.reject(node, f'The attribute "{name}" is not available here.')

    def visit_AugAssign(self, node: ast.AugAssign) -> _Visited:  # noqa: N802 - named by ast
        """Allow `x += v`, `x[k] += v` and `obj.a += v`.

        `_write_` returns the object itself or raises, so the first two stay native and evaluate
        each part once. An attribute is read through `_getattr_`, hence the helper.
        """
        if not isinstance(node.target, ast.Attribute):
            return self.node_contents_visit(node)
        self._check_attribute(node.target)
        read = _call("_augget_", [node.target.value, ast.Constant(node.target.attr)])
        sign = ast.Constant(_SIGNS[type(node.op)])
        value = node.value
        read.args[0] = self._visited(read.args[0])
        write = ast.Expr(_call("_augset_", [read, sign, self._visited(value)]))
        copy_locations(write, node)
        return write

    def _visited(self, node: ast.expr) -> ast.expr:
        """Visit an expression in place; one that was rejected stays, as nothing is compiled."""
        seen = self.visit(node)
        return seen if isinstance(seen, ast.expr) else node

    # Classes

    def visit_ClassDef(self, node: ast.ClassDef) -> _Visited:  # noqa: N802 - named by ast
        """Make the class by `__metaclass__` and note the order of its annotated names."""
        if node.keywords:
            self.reject(node, "Classes take no keywords here.", hints.METACLASS)
        fields = [
            line.target.id
            for line in node.body
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
        ]
        self.check_name(node, node.name)
        self._scopes.append(_CLASS)
        node = self.node_contents_visit(node)
        self._scopes.pop()
        node.keywords = [ast.keyword("metaclass", ast.Name("__metaclass__", ast.Load()))]
        if fields:
            node.body.append(
                ast.Assign(
                    targets=[ast.Name("__record_fields__", ast.Store())],
                    value=ast.Tuple([ast.Constant(name) for name in fields], ast.Load()),
                )
            )
        copy_locations(node, node)
        return node

    def visit_Module(self, node: ast.Module) -> _Visited:  # noqa: N802 - named by ast
        """Visit every statement and look for the handler."""
        handler = _handler_of(node)
        node = self.node_contents_visit(node)
        if handler is None:
            self.problems.append(
                Problem(
                    None,
                    None,
                    "There is no function handler(event, context) at the top of the file.",
                    hints.NO_HANDLER,
                )
            )
        elif not _takes_two(handler.args):
            self.reject(handler, "The handler takes exactly two arguments.", hints.NO_HANDLER)
        return node

    def visit_TemplateStr(self, node: ast.AST) -> _Visited:  # noqa: N802 - named by ast
        """Refuse template strings: nothing here could render one."""
        self.not_allowed(node)
        return node


def _call(guard: str, args: list[ast.expr]) -> ast.Call:
    return ast.Call(func=ast.Name(guard, ast.Load()), args=args, keywords=[])


def _guarded(value: ast.expr, guard: str) -> ast.Call:
    call = _call(guard, [value])
    copy_locations(call, value)
    return call


def _is_super(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and _is_named(node, "super")
        and not node.args
        and not node.keywords
    )


def _is_named(call: ast.Call, name: str) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id == name


def _handler_of(module: ast.Module) -> ast.FunctionDef | None:
    for line in module.body:
        if isinstance(line, ast.FunctionDef) and line.name == "handler":
            return line
    return None


def _takes_two(args: ast.arguments) -> bool:
    names = len(args.posonlyargs) + len(args.args)
    required = names - len(args.defaults)
    enough = names >= _HANDLER_PARAMETERS or args.vararg is not None
    keywords = any(default is None for default in args.kw_defaults)
    return enough and required <= _HANDLER_PARAMETERS and not keywords
