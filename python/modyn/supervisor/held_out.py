"""Trains the models that RHO-LOSS compares with, on held-out samples of a trigger's training set, as jobs of their own.

`Simple` holds out a share of the training set and trains one model on it. `Twin` trains one model on each half, and
each judges the other half. A sample belongs to the same half throughout the run, and a twin goes on from twins of its
own half alone, so no sample is judged by a model that has seen it, now or before. Held-out samples stay in the training
set. A model is committed as soon as it is trained: a run that is resumed does not train it again.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from modyn import _native
from modyn.compute.api import Json
from modyn.config.downsampling import RHOLossDownsampling
from modyn.metadata.journal import Attempt
from modyn.metadata.tables import TriggerRow
from modyn.model_storage.local import LocalModelStorage
from modyn.selector.holdout import write_half, write_share
from modyn.storage.api import View
from modyn.supervisor.context import RunContext
from modyn.supervisor.jobs import run_step
from modyn.trainer.api import ENTRY, HeldOutModel, TrainingRequest, TrainingResult


class HeldOutModels:
    """The auxiliary models of one run.

    Args:
        context: the run.
        view: its pinned view.
    """

    def __init__(self, context: RunContext, view: View) -> None:
        self._context = context
        self._view = view
        self._storage = LocalModelStorage(context.folder / "held-out")

    def of(self, row: TriggerRow, config: RHOLossDownsampling) -> list[HeldOutModel]:
        """The models of a selected trigger, trained now unless they are committed.

        There are none if all samples of the training set belong to one half, so that nobody could judge them.
        """
        done = [HeldOutModel.from_json(one) for one in (row.held_out or {}).get("models", [])]
        parts = range(len(done), 2 if config.holdout_set_strategy == "Twin" else 1)
        started = time.perf_counter()
        held_out = [self._hold_out(row, config, part) for part in parts]
        if not all(samples for _, samples in held_out):
            what = "nothing is left to train a held-out model on, so samples are chosen by their loss alone"
            self._context.events.publish("warning", message=f"trigger {row.trigger}: {what}")
            return done
        for part, (path, samples) in zip(parts, held_out, strict=True):
            done.append(self._train(row, config, part, path, samples))
            models = [model.to_json() for model in done]
            self._context.journal.held_out(row.trigger, models, time.perf_counter() - started)
            started = time.perf_counter()
        return done

    def _hold_out(self, row: TriggerRow, config: RHOLossDownsampling, part: int) -> tuple[Path, int]:
        """The file of what a model is trained on, and how many samples that are."""
        context, view = self._context, self._view.ref
        assert row.training_set is not None, "a selected trigger has a training set"
        path = context.folder / "training-sets" / f"{row.trigger:05d}.held-out-{part}.trainingset"
        whole = Path(row.training_set)
        if config.holdout_set_strategy == "Twin":
            return path, write_half(path, view, whole, context.seed, part)
        share = (config.holdout_set_ratio, config.holdout_set_ratio_max)
        return path, write_share(path, view, whole, context.seed, row.trigger, share)

    def _train(
        self, row: TriggerRow, config: RHOLossDownsampling, part: int, training_set: Path, samples: int
    ) -> HeldOutModel:
        context, trigger = self._context, row.trigger
        earlier = context.journal.latest_attempt(f"held-out-{part}", trigger)
        context.events.publish("held_out_training_started", trigger=trigger, part=part, samples=samples)

        def payload(attempt: Attempt) -> Json:
            nonlocal earlier
            request = TrainingRequest(
                pipeline=_pipeline(context.config.model_dump(mode="json"), config),
                source_folder=context.source_folder,
                view=self._view.ref,
                training_set=training_set,
                trigger=trigger,
                # Another seed than the run's, or its models would start from the weights of the models they judge.
                seed=_native.random_bits(context.seed, trigger, _native.PURPOSE_HOLDOUT, 1 + part),
                previous_model=self._previous(trigger, config, part),
                num_samples=None,
                folder=attempt.folder,
                resume_folder=earlier,
                threads=context.threads,
            )
            earlier = attempt.folder
            return request.to_json()

        attempt, answer = run_step(context, f"held-out-{part}", trigger, ENTRY, payload, context.events.forward)
        result = TrainingResult.from_json(answer)
        stored = self._storage.store(result.model, result.digest, model=2 * trigger + part)
        context.journal.attempt_won(attempt)
        context.events.publish("held_out_training_finished", trigger=trigger, part=part, seconds=result.seconds)
        return HeldOutModel(stored.path, training_set, result.seconds)

    def _previous(self, trigger: int, config: RHOLossDownsampling, part: int) -> Path | None:
        """The model of the latest earlier trigger that has one of its kind, if training goes on from it."""
        if not config.il_training_config.use_previous_model:
            return None
        for row in reversed(self._context.journal.triggers()[:trigger]):
            models = (row.held_out or {}).get("models", [])
            if part < len(models) and _kind(RHOLossDownsampling.model_validate(row.downsampling)) == _kind(config):
                return HeldOutModel.from_json(models[part]).model
        return None


def _kind(config: RHOLossDownsampling) -> tuple[Any, ...]:
    """What models of a schedule's entries must have in common for one to go on from the other."""
    training = config.il_training_config
    return config.holdout_set_strategy, training.il_model_id, training.il_model_config


def _pipeline(pipeline: dict[str, Any], config: RHOLossDownsampling) -> dict[str, Any]:
    """The pipeline that trains an auxiliary model: the run's, with the model and the training of `il_...`."""
    training = config.il_training_config.model_dump(mode="json")
    model = {"id": training.pop("il_model_id"), "config": training.pop("il_model_config")}
    selection = {"name": "NewDataStrategy", "tail_triggers": 0}
    return pipeline | {"model": model, "training": training, "selection_strategy": selection, "evaluation": None}
