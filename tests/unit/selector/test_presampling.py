"""Presampling: sizes, balance, uniformity, and that nothing but key, address and window decides."""

from __future__ import annotations

import functools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.selector.histories import Positions, labelled_view, ledger_of, request

from modyn import _native
from modyn.config.selection import CoresetStrategy, PresamplingConfig
from modyn.selector.api import SelectionStrategy
from modyn.selector.presampling.fair_share import fair_share
from modyn.selector.strategies import build_strategy
from modyn.storage.api import View

SAMPLES = 600
# Of 600 samples: 300 of label 3, 200 of 500, 60 of 9, 40 of 65,000; they follow no order.
LABELS = np.random.default_rng(4).permutation(np.repeat([3, 500, 9, 65_000], [300, 200, 60, 40]))
ALL = ["Random", "RandomNoReplacement", "LabelBalanced", "TriggerBalanced"]


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    return labelled_view(tmp_path_factory.mktemp("labelled"), LABELS)


@functools.cache
def positions(view: View) -> Positions:
    return Positions(view)


def coreset(strategy: str, ratio: int, ratio_max: int = 100, **fields: object) -> SelectionStrategy:
    flags = {key: fields.pop(key) for key in list(fields) if key.startswith("force_")}
    presampling = {"strategy": strategy, "ratio": ratio, "ratio_max": ratio_max, **flags}
    section = {"name": "CoresetStrategy", "presampling_config": presampling, **fields}
    return build_strategy(CoresetStrategy.model_validate(section))


def select(view: View, strategy: SelectionStrategy, sizes: list[int], seed: int = 7) -> list[int]:
    return positions(view).of(strategy.select(request(view, ledger_of(sizes), seed)))


@pytest.mark.parametrize("strategy", [*ALL, "No"])
@pytest.mark.parametrize(
    ("samples", "ratio", "ratio_max", "limit", "chosen"),
    [
        (19, 50, 100, -1, 9),
        (128, 125, 1000, -1, 16),
        (12, 125, 1000, -1, 1),
        (6, 50, 100, -1, 3),
        (6, 0, 100, -1, 0),
        (600, 50, 100, 20, 20),
        (600, 1, 100, 20, 6),
        (600, 100, 100, 0, 600),
    ],
)
def test_sizes_are_exact(view, strategy, samples, ratio, ratio_max, limit, chosen):
    if strategy == "No":
        ratio, chosen = ratio_max, min(samples, limit) if limit > 0 else samples
    found = select(
        view,
        coreset(strategy, ratio, ratio_max, limit=limit, force_required_target_size=True),
        [samples // 2, samples - samples // 2],
    )
    assert len(found) == len(set(found)) == chosen
    assert found == sorted(found)
    assert set(found) <= set(range(samples))


def test_no_presampling_with_a_limit_keeps_the_newest(view):
    assert select(view, coreset("No", 100, limit=30), [100, 200]) == list(range(270, 300))


@pytest.mark.parametrize("strategy", ALL)
def test_the_window_is_the_tail(view, strategy):
    sizes = [100, 50, 30, 20]
    for tail, first in [(None, 0), (1, 150), (2, 100), (9, 0)]:
        found = select(view, coreset(strategy, 100, tail_triggers=tail), sizes)
        assert found == list(range(first, 200))


@pytest.mark.parametrize("strategy", ALL)
def test_nothing_to_choose_from_is_an_empty_choice(view, strategy):
    assert select(view, coreset(strategy, 50), [0]) == []
    assert select(view, coreset(strategy, 50, tail_triggers=1), [10, 0, 0]) == []


@pytest.mark.parametrize("strategy", ALL)
def test_a_choice_follows_from_seed_and_trigger(view, strategy):
    sizes = [200, 200, 200]
    first = select(view, coreset(strategy, 10), sizes)
    assert first == select(view, coreset(strategy, 10), sizes)
    assert first != select(view, coreset(strategy, 10), sizes, seed=8)


@pytest.mark.parametrize("strategy", ["Random", "LabelBalanced", "TriggerBalanced"])
def test_a_greater_choice_contains_the_smaller(view, strategy):
    sizes, smaller = [150, 150, 300], set[int]()
    for ratio in (1, 5, 20, 60, 100):
        greater = set(select(view, coreset(strategy, ratio), sizes))
        assert smaller <= greater
        smaller = greater


@pytest.mark.parametrize("strategy", ["Random", "LabelBalanced"])
def test_how_triggers_cut_the_stream_does_not_matter(view, strategy):
    # The number of the trigger is part of the address, so it stays the same.
    cuts = [[200, 200, 200], [0, 600, 0], [599, 1, 0]]
    choices = [select(view, coreset(strategy, 10), sizes) for sizes in cuts]
    assert choices[0] == choices[1] == choices[2]


@pytest.mark.parametrize("ratio", [5, 10, 33, 60, 90, 100])
def test_labels_are_balanced(view, ratio):
    found = Counter(positions(view).labels[select(view, coreset("LabelBalanced", ratio), [300, 300])].tolist())
    sizes = Counter(LABELS.tolist())
    share = fair_share(SAMPLES * ratio // 100, np.array(list(sizes.values()), dtype=np.uint64))
    assert found == {label: min(size, share) for label, size in sizes.items()}


@pytest.mark.parametrize("ratio", [5, 10, 33, 60, 90, 100])
def test_triggers_are_balanced(view, ratio):
    sizes = [10, 0, 300, 10, 60, 220]
    found = np.array(select(view, coreset("TriggerBalanced", ratio), sizes))
    ends = np.cumsum(sizes)
    counts = np.bincount(np.searchsorted(ends, found, side="right"), minlength=len(sizes))
    share = fair_share(SAMPLES * ratio // 100, np.array([size for size in sizes if size], dtype=np.uint64))
    assert counts.tolist() == [min(size, share) for size in sizes]


@pytest.mark.parametrize("strategy", ["LabelBalanced", "TriggerBalanced"])
@pytest.mark.parametrize("ratio", [1, 7, 33, 61, 88])
def test_the_required_size_is_reached_by_chance_not_by_time(view, strategy, ratio):
    sizes = [40, 300, 60, 200]
    fair = select(view, coreset(strategy, ratio), sizes)
    full = select(view, coreset(strategy, ratio, force_required_target_size=True), sizes)
    assert len(full) == SAMPLES * ratio // 100
    assert set(fair) <= set(full)
    groups = positions(view).labels if strategy == "LabelBalanced" else np.repeat(np.arange(4), sizes)
    extra = Counter(groups[sorted(set(full) - set(fair))].tolist())
    assert set(extra.values()) <= {1}


def test_which_groups_give_one_more_is_a_matter_of_chance(view):
    # 600 * 33 / 1000 = 19 of four triggers of 150: three give 5.
    strategy = coreset("TriggerBalanced", 33, 1000, force_required_target_size=True)
    short = Counter[int]()
    for seed in range(400):
        found = np.array(select(view, strategy, [150] * 4, seed))
        counts = np.bincount(found // 150, minlength=4)
        assert sorted(counts.tolist()) == [4, 5, 5, 5]
        short[int(counts.argmin())] += 1
    # Binomial with mean 100 and standard deviation 8.7.
    assert all(abs(short[trigger] - 100) < 5 * 8.7 for trigger in range(4))


def test_forced_balance_cuts_all_groups_to_the_smallest(view):
    found = Counter(
        positions(view)
        .labels[select(view, coreset("LabelBalanced", 90, force_column_balancing=True), [300, 300])]
        .tolist()
    )
    assert found == {3: 40, 500: 40, 9: 40, 65_000: 40}
    few = select(view, coreset("LabelBalanced", 10, force_column_balancing=True), [300, 300])
    assert Counter(positions(view).labels[few].tolist()) == {3: 15, 500: 15, 9: 15, 65_000: 15}


def test_a_large_balanced_choice(tmp_path):
    labels = np.random.default_rng(1).permutation(np.repeat([0, 1], 2500))
    view = labelled_view(tmp_path, labels)
    found = Positions(view).of(coreset("LabelBalanced", 50).select(request(view, ledger_of([5000]))))
    assert len(set(found)) == len(found) == 2500
    assert Positions(view).labels[found].sum() == 1250


@pytest.mark.parametrize("strategy", ["Random", "RandomNoReplacement", "TriggerBalanced"])
def test_every_sample_is_chosen_equally_often(view, strategy):
    """Of 60 samples in three triggers of 20, 15 are chosen 3,000 times."""
    counts = np.zeros(60)
    for seed in range(3000):
        counts[select(view, coreset(strategy, 25), [20, 20, 20], seed)] += 1
    # Each is binomial with p = 1/4: mean 750, standard deviation 24. And together, by Pearson's test, whose
    # statistic has mean 60 * 3/4 * (60 - 1)/60 and a standard deviation of about 8.
    assert abs(counts - 750).max() < 5 * 24
    assert ((counts - 750) ** 2 / 750).sum() == pytest.approx(44, abs=5 * 8.2)


def test_within_a_label_every_sample_is_chosen_equally_often(view):
    strategy = coreset("LabelBalanced", 10)  # 15 of each label
    counts = np.zeros(SAMPLES)
    for seed in range(1500):
        counts[select(view, strategy, [SAMPLES], seed)] += 1
    for label, size in Counter(LABELS.tolist()).items():
        share = 15 / size
        of_label = counts[positions(view).labels == label]
        deviation = (1500 * share * (1 - share)) ** 0.5
        assert abs(of_label - 1500 * share).max() < 5 * deviation


def test_choices_of_pairs_are_independent(view):
    """Two samples are chosen together as often as chance says: 15/60 * 14/59 of the times."""
    together = np.zeros((60, 60))
    strategy = coreset("Random", 25)
    for seed in range(3000):
        chosen = np.zeros(60)
        chosen[select(view, strategy, [60], seed)] = 1
        together += np.outer(chosen, chosen)
    expected = 3000 * 15 / 60 * 14 / 59
    pairs = together[np.triu_indices(60, 1)]
    assert abs(pairs - expected).max() < 5.5 * (expected * (1 - 15 / 60 * 14 / 59)) ** 0.5


@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=8),
    st.sampled_from(ALL),
    st.integers(0, 100),
    st.none() | st.integers(1, 4),
    st.sampled_from([-1, 1, 7, 50]),
    st.booleans(),
    st.booleans(),
)
def test_any_choice_is_of_the_window_and_no_larger_than_promised(view, sizes, name, ratio, tail, limit, full, equal):
    strategy = coreset(
        name,
        ratio,
        tail_triggers=tail,
        limit=limit,
        force_required_target_size=full,
        force_column_balancing=equal,
    )
    found = select(view, strategy, sizes)
    first = 0 if tail is None else sum(sizes[: max(0, len(sizes) - 1 - tail)])
    window = range(first, sum(sizes))
    target = len(window) * ratio // 100
    target = min(target, limit) if limit > 0 else target
    assert set(found) <= set(window)
    assert found == sorted(set(found))
    assert len(found) <= target
    if full or name in ("Random", "RandomNoReplacement"):
        assert len(found) == target


def test_priorities_are_those_of_the_definition():
    """The permutation of keys, written down once more: on-disk contract."""
    mask = 2**63 - 1

    def priority(key: int, seed: int, trigger: int, purpose: int, index: int) -> int:
        words = [
            _native.random_bits(seed, trigger, purpose | ((0x40 + block) << 24), index) & mask for block in range(3)
        ]
        x = (key + words[0]) & mask
        x = ((x ^ (x >> 32)) * 0xD6E8FEB86659FD93 + words[1]) & mask
        x = ((x ^ (x >> 29)) * 0xBF58476D1CE4E5B9 + words[2]) & mask
        x = ((x ^ (x >> 32)) * 0x94D049BB133111EB) & mask
        return x ^ (x >> 31)

    keys = [0, 1, 77, 2**40 + 3, 2**63 - 1]
    for address in [(7, 3, _native.PURPOSE_PRESAMPLING, 0), (2**64 - 1, 0, _native.PURPOSE_FRESHNESS, 2**40)]:
        assert _native.Priorities(*address).apply(keys).tolist() == [priority(key, *address) for key in keys]


def test_presampling_config_is_what_the_strategies_are_made_of():
    strategies = PresamplingConfig.model_fields["strategy"].annotation
    assert set(strategies.__args__) == {*ALL, "No"}
