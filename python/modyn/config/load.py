"""Reads configuration files, and reports all that is wrong with them at once."""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from modyn.config.document import Document, read_document
from modyn.config.partial import build, issues_of
from modyn.config.pipeline import PipelineConfig
from modyn.config.problems import problems_of, shown
from modyn.config.section import DEFER_CHECKS, Loc, Section
from modyn.config.spelling import nearest
from modyn.config.system import SystemConfig
from modyn.errors import ConfigurationError, Problem

_log = logging.getLogger(__name__)


@dataclass
class CheckedFile:
    """What a look at a configuration file found.

    Attributes:
        kind: what the file is.
        config: the configuration, or None if there are problems.
        problems: all mistakes, in file order.
        warnings: what is ignored: unknown keys of a system file.
    """

    kind: Literal["pipeline", "system"]
    config: PipelineConfig | SystemConfig | None = None
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


def load_pipeline(path: str | PathLike[str]) -> PipelineConfig:
    """Read a pipeline file.

    Raises:
        ConfigurationError: the file cannot be read or has mistakes; names all of them with line and column.
    """
    config = _checked(check_file(path, kind="pipeline")).config
    assert isinstance(config, PipelineConfig)
    return config


def load_system(path: str | PathLike[str]) -> SystemConfig:
    """Read a system file; unknown keys are logged as warnings.

    Raises:
        ConfigurationError: the file cannot be read or has mistakes; names all of them with line and column.
    """
    checked = _checked(check_file(path, kind="system"))
    for warning in checked.warnings:
        _log.warning("%s", warning)
    assert isinstance(checked.config, SystemConfig)
    return checked.config


def validate_file(path: str | PathLike[str]) -> list[Problem]:
    """All mistakes of a pipeline or system file, in file order; the kind of file is recognised by its sections."""
    return check_file(path).problems


def check_file(path: str | PathLike[str], kind: Literal["pipeline", "system"] | None = None) -> CheckedFile:
    """Read and check a file; recognise its kind by its sections if none is given."""
    return check_document(read_document(Path(path)), kind)


def check_document(document: Document, kind: Literal["pipeline", "system"] | None = None) -> CheckedFile:
    """Check what a file holds."""
    if document.problems and document.data is None:
        return CheckedFile(kind or "pipeline", problems=document.problems)
    if not isinstance(document.data, dict):
        line, column = document.position(())
        what = f"the file holds {shown(document.data)}"
        problem = Problem(document.name, line, column, what, "a mapping with the sections of a pipeline")
        return CheckedFile(kind or "pipeline", problems=[*document.problems, problem])
    kind = kind or _kind(document.data)
    result = CheckedFile(kind)
    result.config, result.problems, result.warnings = _check(_ROOTS[kind], document, lenient=kind == "system")
    return result


_ROOTS: dict[str, type[PipelineConfig] | type[SystemConfig]] = {"pipeline": PipelineConfig, "system": SystemConfig}


def _check(
    root: type[PipelineConfig] | type[SystemConfig], document: Document, *, lenient: bool
) -> tuple[PipelineConfig | SystemConfig | None, list[Problem], list[Problem]]:
    data, warnings = document.data, []
    config, found = _validate(root, data, document)
    if lenient:
        unknown = [loc for loc, error, _ in found if error == "extra_forbidden"]
        warnings = [problem for _, error, problem in found if error == "extra_forbidden"]
        data = _without(data, unknown)
        config, found = _validate(root, data, document)
    wrong = [loc for loc, _, _ in found]
    value = config if config is not None else build(root, data, set(wrong))
    problems = document.problems + [problem for _, _, problem in found]
    for issue in issues_of(value, complete=config is not None):
        if not any(issue.loc[: len(loc)] == loc for loc in wrong if loc):
            problems.append(document.problem(issue))
    problems = sorted(dict.fromkeys(problems), key=lambda problem: (problem.line, problem.column))
    if problems or config is None:
        return None, problems, warnings
    return root.model_validate(data), problems, warnings


def _validate(root: type[Section], data: Any, document: Document) -> tuple[Any, list[tuple[Loc, str, Problem]]]:
    try:
        return root.model_validate(data, context=DEFER_CHECKS), []
    except ValidationError as error:
        errors = error.errors(include_url=False)
        found = problems_of(root, errors, document)
        return None, sorted(found, key=lambda entry: (entry[2].line, entry[2].column))


def _without(data: Any, locs: list[Loc]) -> Any:
    """A copy of `data` without the keys at `locs`."""
    data = copy.deepcopy(data)
    for loc in locs:
        around = data
        for part in loc[:-1]:
            around = around[part]
        around.pop(loc[-1], None)
    return data


def _kind(data: Mapping[Any, Any]) -> Literal["pipeline", "system"]:
    """What a file with these sections is meant to be; a pipeline if in doubt."""
    pipeline, system = set(PipelineConfig.model_fields), set(SystemConfig.model_fields)
    shared = pipeline & system
    votes = [nearest(key, pipeline | system) for key in data]
    for_pipeline = sum(vote in pipeline - shared for vote in votes)
    for_system = sum(vote in system - shared for vote in votes)
    return "system" if for_system > for_pipeline else "pipeline"


def _checked(result: CheckedFile) -> CheckedFile:
    if result.problems:
        raise ConfigurationError(result.problems)
    return result
