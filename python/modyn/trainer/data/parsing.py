"""One batch through a user's parser, the same in the training process and in a worker."""

from __future__ import annotations

import torch

from modyn.trainer.batch_plan import Span
from modyn.trainer.data.batch import Batch, aligned, aligned_data
from modyn.trainer.data.decoder import Decoder
from modyn.trainer.data.source import RawSamples
from modyn.trainer.seeding import AddressedSeeds


def parse(span: Span, samples: RawSamples, decoder: Decoder, seeds: AddressedSeeds) -> Batch:
    """One batch through the user's parser, with the generators seeded for it."""
    seeds.before_decoding(span.index)
    data, labels = decoder.decode(samples.arrays, samples.labels, samples.offsets)
    weights = None if samples.weights is None else aligned(torch.from_numpy(samples.weights))
    return Batch(span, samples.keys, aligned_data(data), aligned(labels), weights)
