"""The files that `modyn init` writes: a commented pipeline, and a small model that fits the data."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from modyn.cli.guessing.fields import GuessedField
from modyn.cli.guessing.look import Findings
from modyn.report import units

_DAY_S = 86_400
_STEPS = {
    "1m": 60, "10m": 600, "1h": 3600, "6h": 21_600, "1d": _DAY_S, "2d": 2 * _DAY_S, "7d": 7 * _DAY_S,
    "14d": 14 * _DAY_S, "30d": 30 * _DAY_S, "90d": 90 * _DAY_S, "365d": 365 * _DAY_S,
}  # fmt: skip
_TRIGGERS = 15


def dataset_name(folder: Path) -> str:
    """A name for the dataset, from that of its folder."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", folder.absolute().name).strip("-.") or "data"


def pipeline_text(found: Findings, folder: Path, output: Path) -> str:
    """The pipeline file, to be written into the folder `output`."""
    name = dataset_name(folder)
    label, times = found.label.value, found.times.value
    step, start, end = _steps(found)
    timestamp = "{source: mtime}"
    if times.pattern is not None:
        timestamp = f"{{source: filename, pattern: {json.dumps(times.pattern)}}}"
    few = found.records < 20_000
    trigger = f"{{id: TimeTrigger, every: {step}, start_timestamp: {start}}} # from {units.moment(start)} on"
    if times.within_a_day:
        amount = max(found.records // 8, 1)
        trigger = f"{{id: DataAmountTrigger, num_samples: {amount}}} # times lie too close for a TimeTrigger"
    return f"""\
# Written by `modyn init` from a look at {json.dumps(str(folder))}.
# Check what is marked with (?), then: modyn run pipeline.yaml
pipeline:
  name: {json.dumps(name)}
  seed: 1 # the same seed and data give the same models

datasets: # registered and scanned when the run starts
  - name: {json.dumps(name)}
    base_path: {json.dumps(_relative(folder, output))} # relative to this file
    file_wrapper_type: BinaryFileWrapper # records of one size
    file_wrapper_config:
      file_extension: {json.dumps(found.survey.extension.value)}
      record_size: {found.record.value} # bytes, label included{_mark(found.record.sure)}
      label_size: {label.size} # bytes{_mark(found.label.sure)}
      label_offset: {label.offset}
      byteorder: {label.byteorder}
      label_signed: {str(label.signed).lower()}
    timestamp: {timestamp} #{_mark(found.times.sure) or " when the samples of a file arrived"}

data:
  dataset_id: {json.dumps(name)}
  decoder: # what a record holds beside its label{_mark(found.sample.sure)}
    label_dtype: int64
    byteorder: {label.byteorder}
    fields: # offsets count in the record without its label
{_fields(found.sample.value)}

model:
  id: model:Net # the class Net in model.py beside this file; make it your own
  config: {{classes: {found.classes.value}}} # labels 0 to {found.classes.value - 1}{_mark(found.classes.sure)}

training:
  device: auto # a GPU if there is one
  batch_size: {64 if few else 1024}
  shuffle: true
  use_previous_model: true # each training goes on from the model before; false: from fresh weights
  epochs_per_trigger: {4 if few else 2}
  optimizers:
    - name: default
      algorithm: AdamW
      source: PyTorch
      param_groups: [{{module: model, config: {{lr: 0.001}}}}]
  optimization_criterion: {{name: CrossEntropyLoss}}

# When to train, and on what: the two lines to experiment with.
trigger: {trigger}
selection_strategy: {{name: NewDataStrategy, tail_triggers: 0}} # 0: new data; 2: also of 2 triggers before; null: all

model_storage: {{full_model_strategy: {{name: PyTorchFullModel}}}}

evaluation: # every model on every interval of the data
  device: auto
  handlers:
    - name: over-time
      execution_time: after_pipeline
      models: matrix
      datasets: [{json.dumps(name)}]
      strategy:
        type: SlicingEvalStrategy
        eval_every: {step}
        eval_start_from: {start} # {units.moment(start)}
        eval_end_at: {end} # {units.moment(end)}
  datasets: [{{dataset_id: {json.dumps(name)}, metrics: [{_metrics(found)}]}}]
"""


def model_text(found: Findings) -> str:
    """The file model.py: a network of two layers for the guessed fields."""
    fields = found.sample.value
    categories = [size for field in fields if field.kind == "categories" for size in field.sizes]
    numbers = sum(field.count for field in fields if field.kind != "categories")
    inputs, lines = [], []
    if numbers:
        lines.append(f"        self.normalise = nn.BatchNorm1d({numbers})")
        inputs.append(str(numbers))
    if categories:
        lines.append(f"        self.sizes = {categories!r}  # numbers beyond these share the last row")
        lines.append("        self.embeddings = nn.ModuleList(nn.Embedding(size, 8) for size in self.sizes)")
        inputs.append(f"8 * {len(categories)}")
    body = _forward(fields, bool(numbers), bool(categories))
    return f'''\
"""A first model for the data that `modyn init` looked at. Make it your own."""

import torch
from torch import nn


class Net(nn.Module):
    """Two hidden layers. `data` is what `data.decoder` describes: {_described(fields)}"""

    def __init__(self, classes: int, hidden: int = 128) -> None:
        super().__init__()
{chr(10).join(lines)}
        self.layers = nn.Sequential(
            nn.Linear({" + ".join(inputs)}, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, classes),
        )

{body}'''


def _forward(fields: list[GuessedField], numbers: bool, categories: bool) -> str:
    kind = "torch.Tensor" if len(fields) == 1 else "dict[str, torch.Tensor]"
    names = dict(zip(map(id, fields), field_names(fields), strict=True))
    where = {id(field): "data" if len(fields) == 1 else f'data["{names[id(field)]}"]' for field in fields}
    lines = [f"    def forward(self, data: {kind}) -> torch.Tensor:", "        parts = []"]
    if numbers:
        found = [field for field in fields if field.kind != "categories"]
        scaled = [f"{where[id(field)]}.float()" + (" / 255" if field.kind == "bytes" else "") for field in found]
        joined = scaled[0] if len(scaled) == 1 else f"torch.cat([{', '.join(scaled)}], dim=1)"
        lines += [f"        numbers = {joined}", "        parts.append(self.normalise(torch.nan_to_num(numbers)))"]
    if categories:
        found = [field for field in fields if field.kind == "categories"]
        whole = [where[id(field)] for field in found]
        joined = whole[0] if len(whole) == 1 else f"torch.cat([{', '.join(whole)}], dim=1)"
        lines += [
            f"        categories = {joined}.long()",
            "        for column, embedding in enumerate(self.embeddings):",
            "            parts.append(embedding(categories[:, column].clamp(0, self.sizes[column] - 1)))",
        ]
    return "\n".join([*lines, "        return self.layers(torch.cat(parts, dim=1))\n"])


def field_names(fields: list[GuessedField]) -> list[str]:
    """A name for each field: its kind, numbered if there are several of it."""
    kinds = [field.kind for field in fields]
    return [
        kind if kinds.count(kind) == 1 else f"{kind}_{kinds[: place + 1].count(kind)}"
        for place, kind in enumerate(kinds)
    ]


def _fields(fields: list[GuessedField]) -> str:
    return "\n".join(
        f"      - {{name: {name}, dtype: {field.dtype}, shape: [{field.count}], offset: {field.offset}}}"
        for name, field in zip(field_names(fields), fields, strict=True)
    )


def _described(fields: list[GuessedField]) -> str:
    shapes = [f"{field.dtype} [batch, {field.count}]" for field in fields]
    if len(fields) == 1:
        return shapes[0]
    parts = [f"- {name}: {shape}" for name, shape in zip(field_names(fields), shapes, strict=True)]
    return "a dict of\n\n    " + "\n    ".join(parts) + "\n    "


def _metrics(found: Findings) -> str:
    return "{name: Accuracy}, {name: RocAuc}" if found.classes.value == 2 else "{name: Accuracy}"


def _steps(found: Findings) -> tuple[str, int, int]:
    """How long an interval is, and the first and the last bound of whole ones around the data."""
    times = found.times.value
    span = times.last + 1 - times.first
    name = next((name for name, step in _STEPS.items() if span <= _TRIGGERS * step), "365d")
    step = _STEPS[name]
    # Days begin at midnight, and shorter steps at their multiples.
    start = max(times.first - times.first % min(step, _DAY_S), 0)
    return name, start, start + -(-(times.last + 1 - start) // step) * step


def _relative(folder: Path, output: Path) -> str:
    """The folder as seen from the pipeline file, unless it lies far away."""
    relative = os.path.relpath(folder.absolute(), output.absolute())
    return str(folder.absolute()) if Path(relative).parts[:3] == ("..",) * 3 else relative


def _mark(sure: str) -> str:
    return " (?)" if sure == "unsure" else ""
