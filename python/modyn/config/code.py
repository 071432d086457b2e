"""Source code inside a configuration: parsed to find mistakes early, never run here."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator

from modyn.config.names import MODELS
from modyn.config.section import Issue, Loc, invalid
from modyn.config.spelling import listed, nearest


def check_function(source: str | None, name: str, argument: str) -> Iterator[Issue]:
    """Issues of `source`, which has to define a function `name` of one argument; none if it is empty."""
    if not source:
        return
    loc: Loc = (name,)
    try:
        module = _parse(source, "exec")
    except SyntaxError as error:
        yield _syntax_issue(loc, error)
        return
    assert isinstance(module, ast.Module)
    definition = _find(module.body, name)
    wanted = f"a function {name}({argument})"
    if definition is None:
        found = [node.name for node in module.body if isinstance(node, ast.FunctionDef)]
        what = f"the code defines {listed(found)}, not '{name}'" if found else f"the code defines no '{name}'"
        yield Issue(loc, what, wanted)
    elif isinstance(definition, ast.ClassDef):
        yield _at(definition, Issue(loc, f"'{name}' is a class", wanted))
    elif isinstance(definition, ast.AsyncFunctionDef):
        yield _at(definition, Issue(loc, f"'{name}' is asynchronous", wanted))
    elif isinstance(definition, ast.FunctionDef | ast.Lambda) and not _takes_one(definition.args):
        takes = ast.unparse(definition.args) or "no argument"
        yield _at(definition, Issue(loc, f"'{name}' takes {takes}", f"exactly one argument ({argument})"))


def check_expressions(expressions: Iterable[str], key: str) -> Iterator[Issue]:
    """Issues of a list of expressions under `key`."""
    for position, expression in enumerate(expressions):
        try:
            _parse(expression.strip(), "eval")
        except SyntaxError as error:
            yield _syntax_issue((key, position), error)


def model_name(value: str) -> str:
    """A name of the model zoo or `module:Class`; for a pydantic field."""
    if value in MODELS or re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*", value):
        return value
    raise invalid(
        f"there is no model '{value}'", f"{listed(MODELS)}, or 'module:Class' for your own", nearest(value, MODELS)
    )


def _parse(source: str, mode: str) -> ast.AST:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # e.g. an invalid escape sequence: allowed, and not ours to comment on
        try:
            return ast.parse(source, mode=mode)
        except (ValueError, RecursionError, MemoryError) as error:  # null bytes, or nesting beyond all reason
            raise SyntaxError(str(error)) from error


def _find(body: list[ast.stmt], name: str) -> ast.AST | None:
    """What `name` means after the statements ran: the last binding wins, in branches too."""
    found: ast.AST | None = None
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found = statement if statement.name == name else found
        elif isinstance(statement, ast.Assign):
            if any(isinstance(target, ast.Name) and target.id == name for target in statement.targets):
                found = statement.value
        elif isinstance(statement, ast.AnnAssign):
            if isinstance(statement.target, ast.Name) and statement.target.id == name and statement.value:
                found = statement.value
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            if any((alias.asname or alias.name) == name for alias in statement.names):
                found = statement
        else:
            found = _find_in_blocks(statement, name) or found
    return found


def _find_in_blocks(statement: ast.stmt, name: str) -> ast.AST | None:
    found = None
    for field in ("body", "orelse", "finalbody"):
        found = _find(getattr(statement, field, []), name) or found
    for handler in getattr(statement, "handlers", []):
        found = _find(handler.body, name) or found
    return found


def _takes_one(arguments: ast.arguments) -> bool:
    positional = len(arguments.posonlyargs) + len(arguments.args)
    required = positional - len(arguments.defaults)
    keyword_only = sum(default is None for default in arguments.kw_defaults)
    return required <= 1 and (positional >= 1 or arguments.vararg is not None) and keyword_only == 0


def _syntax_issue(loc: Loc, error: SyntaxError) -> Issue:
    return Issue(loc, f"the code is not Python: {error.msg}", "", "", error.lineno or 0, error.offset or 1)


def _at(node: ast.stmt | ast.expr, issue: Issue) -> Issue:
    return Issue(issue.loc, issue.what, issue.expected, issue.suggestion, node.lineno, node.col_offset + 1)
