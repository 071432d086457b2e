"""Native data plane: indexes, ingest, fetch, and addressed randomness."""

import os
from collections.abc import Callable
from collections.abc import Sequence as _Sequence
from typing import Annotated, Any, Literal

import numpy
import numpy.typing
from numpy.typing import NDArray
from typing_extensions import CapsuleType

class FixedRecordFormat:
    """Records of one size, each with an integer label inside."""

    @property
    def record_size(self) -> int:
        """Bytes of a record."""

    @property
    def label_size(self) -> int:
        """Bytes of the label, 1 to 8."""

    @property
    def label_offset(self) -> int:
        """First byte of the label in the record."""

    @property
    def label_signed(self) -> bool: ...
    @property
    def byteorder(self) -> str:
        """'little' or 'big'."""

    @property
    def sample_size(self) -> int:
        """Bytes of a sample: the record without its label."""

class IndexSummary:
    """What a pinned manifest holds."""

    @property
    def manifest(self) -> int:
        """Number of the manifest, from 1; 0 without a commit."""

    @property
    def sequence(self) -> int: ...
    @property
    def next_key(self) -> int: ...
    @property
    def samples(self) -> int:
        """Without the deleted ones."""

    @property
    def deleted(self) -> int: ...
    @property
    def files(self) -> int: ...
    @property
    def extents(self) -> int: ...
    @property
    def segments(self) -> int: ...
    @property
    def first_timestamp(self) -> int:
        """Unix seconds; 0 if there are no samples."""

    @property
    def last_timestamp(self) -> int:
        """Unix seconds; -1 if there are no samples."""

class SourceFile:
    """What the index knows about a source file."""

    @property
    def path(self) -> bytes:
        """Relative to the dataset's root."""

    @property
    def size(self) -> int: ...
    @property
    def mtime_ns(self) -> int: ...
    @property
    def inode(self) -> int: ...
    @property
    def ingested_bytes(self) -> int:
        """Bytes [0, ingested_bytes) are registered."""

    @property
    def fingerprint(self) -> int: ...
    @property
    def companion(self) -> int:
        """Stands for the status of the file's sidecar; 0 without one."""

    @property
    def owned(self) -> bool:
        """Whether it is a file of the dataset's own folder, not one of the user's."""

class Index:
    """A pinned manifest of a dataset, opened for reading. Never changes."""

    @staticmethod
    def open(dataset: str | bytes | os.PathLike[str] | os.PathLike[bytes], manifest: int | None = None) -> Index:
        """The newest manifest of the dataset folder, or the one with this number.

        Raises CorruptFileError if a file fails its checks.
        """

    @property
    def summary(self) -> IndexSummary: ...
    @property
    def format(self) -> bytes:
        """The dataset's format as lines of name=value; empty without a commit."""

    @property
    def fixed_records(self) -> FixedRecordFormat | None:
        """The format if it is one of fixed records, else None."""

    def labels(self, keys: numpy.typing.ArrayLike) -> Annotated[NDArray[numpy.int64], dict(shape=(None,))]:
        """int64[n] labels of int64[n] keys, any order, repeats allowed; UnknownKeyError names missing ones."""

    def timestamps(self, keys: numpy.typing.ArrayLike) -> Annotated[NDArray[numpy.int64], dict(shape=(None,))]:
        """int64[n] Unix seconds of int64[n] keys; UnknownKeyError names missing ones."""

    def locate(
        self, keys: numpy.typing.ArrayLike
    ) -> tuple[numpy.typing.NDArray[numpy.uint32], numpy.typing.NDArray[numpy.uint64]]:
        """(uint32[n] file numbers, uint64[n] record numbers) of int64[n] keys; UnknownKeyError names missing ones."""

    def places(
        self, keys: numpy.typing.ArrayLike
    ) -> tuple[
        numpy.typing.NDArray[numpy.uint32],
        numpy.typing.NDArray[numpy.uint64],
        numpy.typing.NDArray[numpy.uint32],
        numpy.typing.NDArray[numpy.uint32],
        numpy.typing.NDArray[numpy.uint32],
    ]:
        """(file numbers, offsets, lengths, cut offsets, cut lengths) of int64[n] keys.

        A sample is bytes [offset, offset + length) of its file without the cut, which begins `cut offset` bytes
        into them. UnknownKeyError names missing keys.
        """

    def deleted(self, keys: numpy.typing.ArrayLike) -> Annotated[NDArray[numpy.bool_], dict(shape=(None,))]:
        """bool[n], whether the samples with int64[n] keys are deleted here; UnknownKeyError if none ever had one."""

    def source_file(self, file: int) -> SourceFile:
        """The source file with this number."""

    @property
    def source_files(self) -> int:
        """How many source files there are."""

    def verify(self) -> None:
        """Check every block of every file that the manifest names; CorruptFileError if one fails."""

class View:
    """An immutable order of the samples of one index."""

    @staticmethod
    def build(index: Index, order: str) -> View:
        """By (timestamp, key) if `order` is 'time', by key (by commit) if it is 'sequence'."""

    def __len__(self) -> int: ...
    @property
    def index(self) -> Index: ...
    @property
    def order(self) -> str:
        """'time' or 'sequence'."""

    def keys(self, first: int, count: int) -> Annotated[NDArray[numpy.int64], dict(shape=(None,))]:
        """int64[count] keys of positions [first, first + count); ValueError beyond the end."""

    def timestamps(self, first: int, count: int) -> Annotated[NDArray[numpy.int64], dict(shape=(None,))]:
        """int64[count] Unix seconds of positions [first, first + count)."""

    def labels(self, first: int, count: int) -> Annotated[NDArray[numpy.int64], dict(shape=(None,))]:
        """int64[count] labels of positions [first, first + count)."""

    def read(
        self, first: int, count: int
    ) -> tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.int64]]:
        """(int64[count] keys, timestamps in Unix seconds, labels) of positions [first, first + count)."""

    def keys_at(self, positions: numpy.typing.ArrayLike) -> Annotated[NDArray[numpy.int64], dict(shape=(None,))]:
        """int64[n] keys of uint64[n] positions in any order."""

    def position_of_time(self, timestamp: int) -> int:
        """The number of samples with a smaller timestamp. ValueError unless the order is 'time'."""

class SampleBatches:
    """Iterates over samples: (keys, timestamps, labels) of each batch."""

    def __iter__(self) -> SampleBatches: ...
    def __next__(
        self,
    ) -> tuple[
        numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.int64]
    ]: ...

class Samples:
    """The samples of one pinned index that a query asks for, in a fixed order."""

    @staticmethod
    def select(
        index: Index,
        *,
        order: str = "sequence",
        start: int | None = None,
        end: int | None = None,
        since: int = 0,
        until: int | None = None,
    ) -> Samples:
        """Samples with timestamps in [start, end), of commits with sequence numbers in (since, until].

        By key if `order` is 'sequence', by (timestamp, key) if it is 'time'. Deleted ones are not among them.
        """

    def __len__(self) -> int: ...
    @property
    def index(self) -> Index: ...
    @property
    def order(self) -> str:
        """'time' or 'sequence'."""

    def keys(self, first: int, count: int) -> Annotated[NDArray[numpy.int64], dict(shape=(None,))]:
        """int64[count] keys of positions [first, first + count); ValueError beyond the end."""

    def batches(self, size: int) -> SampleBatches:
        """Iterate over (keys, timestamps, labels) of at most `size` samples at a time."""

    def read(
        self, first: int, count: int
    ) -> tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.int64]]:
        """(int64[count] keys, timestamps in Unix seconds, labels) of positions [first, first + count).

        ValueError beyond the end.
        """

    def slice(self, first: int, count: int) -> Samples:
        """Positions [first, first + count) as samples of their own; ValueError beyond the end."""

    def share(self, worker: int, workers: int) -> Samples:
        """The consecutive part of one of `workers` workers: the first (size mod workers) get one more.

        Parts are disjoint and complete. ValueError if worker >= workers.
        """

def count_samples(index: Index, start: int | None = None, end: int | None = None) -> int:
    """The number of samples with timestamps in [start, end)."""

def count_labels(
    index: Index, start: int | None = None, end: int | None = None
) -> tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.uint64]]:
    """(int64[n] labels, ascending, uint64[n] samples with each) of the samples with timestamps in [start, end)."""

class DeleteReport:
    """What a delete did."""

    @property
    def manifest(self) -> int:
        """Number of the newest manifest afterwards."""

    @property
    def deleted(self) -> int:
        """Samples."""

    @property
    def already_deleted(self) -> int:
        """Of the keys given, before."""

def delete_samples(
    dataset: str | bytes | os.PathLike[str] | os.PathLike[bytes],
    keys: numpy.typing.ArrayLike,
    lock_timeout_s: float = 60.0,
) -> DeleteReport:
    """Delete the samples with these int64[n] keys from the newest manifest on.

    Repeats and keys that were deleted before do no harm. Raises UnknownKeyError for a key that no sample ever had,
    and deletes nothing then; ConflictError if another writer holds the dataset.
    """

def delete_ranges(
    dataset: str | bytes | os.PathLike[str] | os.PathLike[bytes],
    ranges: numpy.typing.ArrayLike,
    lock_timeout_s: float = 60.0,
) -> DeleteReport:
    """Delete all samples with keys in [first, end) of each row of uint64[n, 2] ranges. Like delete_samples."""

class MergeReport:
    """What a merge did."""

    @property
    def manifest(self) -> int:
        """Number of the newest manifest afterwards."""

    @property
    def merged(self) -> int:
        """Segments that became one."""

    @property
    def segments(self) -> int:
        """Segments that there are afterwards."""

    @property
    def bytes_written(self) -> int: ...

def merge_segments(
    dataset: str | bytes | os.PathLike[str] | os.PathLike[bytes], lock_timeout_s: float = 60.0
) -> MergeReport:
    """Make one segment of small neighbours if there are enough of them. Keys and the sequence number stay."""

class Pin:
    """Who needs which manifest."""

    @property
    def manifest(self) -> int: ...
    @property
    def owner(self) -> str: ...

def pin_manifest(
    dataset: str | bytes | os.PathLike[str] | os.PathLike[bytes],
    manifest: int,
    owner: str,
    *,
    lock_timeout_s: float = 60.0,
) -> None:
    """Keep a manifest and all that it needs from being collected, durably, until the owner unpins it.

    `owner`: 1 to 100 letters, digits, dots, hyphens and underscores. Pinning twice is pinning once. ValueError if
    there is no such manifest.
    """

def unpin_manifest(dataset: str | bytes | os.PathLike[str] | os.PathLike[bytes], manifest: int, owner: str) -> bool:
    """False if this owner has not pinned it."""

def pins(dataset: str | bytes | os.PathLike[str] | os.PathLike[bytes]) -> list[Pin]:
    """The pins of a dataset, by manifest and owner."""

class CollectReport:
    """What the collector removed."""

    @property
    def manifests(self) -> int: ...
    @property
    def segments(self) -> int: ...
    @property
    def deletions(self) -> int: ...
    @property
    def views(self) -> int: ...
    @property
    def temporaries(self) -> int: ...
    @property
    def bytes(self) -> int: ...

def collect(
    dataset: str | bytes | os.PathLike[str] | os.PathLike[bytes], grace_s: float, *, lock_timeout_s: float = 60.0
) -> CollectReport:
    """Remove what nobody needs any more; who has an index open goes on reading.

    Manifests that are not the newest, not pinned, and were followed by another for longer than `grace_s` seconds;
    then the files that no remaining manifest names.
    """

class Finding:
    """Something that is not as it should be."""

    @property
    def path(self) -> bytes:
        """Of a file of the dataset's folder, or of a source file relative to the root."""

    @property
    def what(self) -> str: ...

class CheckReport:
    """What a check found."""

    @property
    def summary(self) -> IndexSummary: ...
    @property
    def source_files(self) -> int:
        """Source files that were looked at."""

    @property
    def pins(self) -> int: ...
    @property
    def findings(self) -> list[Finding]:
        """By path; empty if all is well."""

def check(
    dataset: str | bytes | os.PathLike[str] | os.PathLike[bytes],
    root: str | bytes | os.PathLike[str] | os.PathLike[bytes] | None = None,
    *,
    manifest: int | None = None,
    threads: int = 0,
    file_extension: str | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> CheckReport:
    """Check every byte and rule of the newest manifest, or the one with this number, and of what belongs to it.

    Its segments, deletions and views; all pins; and, below `root`, every source file against what was ingested of
    it. With the `file_extension` of the source files their sidecars are compared too, if the format has some. A
    problem does not end the check. `progress(done, total)` is called now and then.
    """

def register_format(kind: str, python_class: Callable[[dict[str, str]], object]) -> None:
    """Make a format that is written in Python known to this process (modyn.storage.formats.register_format).

    ValueError if another one has the name.
    """

def format_kinds() -> list[str]:
    """The kinds of formats that are known, by name."""

def check_format(text: str) -> str:
    """The text of a format as manifests record it.

    `text` has lines of name=value, the first of which is format=<kind>. ValueError if the kind is unknown or a
    setting is wrong, missing or unknown.
    """

class QuarantinedFile:
    """A source file that was not ingested, or changed afterwards."""

    @property
    def path(self) -> bytes:
        """Relative to the dataset's root."""

    @property
    def reason(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def mtime_ns(self) -> int: ...
    @property
    def retry(self, /) -> Literal["always", "when_changed"]:
        """When it is read again: 'always' (in every scan) or 'when_changed' (its content is wrong)."""

class ScanReport:
    """What a scan found."""

    @property
    def summary(self) -> IndexSummary:
        """The dataset after the scan."""

    @property
    def new_samples(self) -> int: ...
    @property
    def pushed_samples(self) -> int:
        """Pushed samples that were sealed."""

    @property
    def new_files(self) -> int:
        """Files seen for the first time."""

    @property
    def grown_files(self) -> int:
        """Known files with new records at their end."""

    @property
    def replaced_files(self) -> int:
        """Known files that changed and were ingested anew."""

    @property
    def known_files(self) -> int:
        """Files without a change."""

    @property
    def quarantined(self) -> list[QuarantinedFile]:
        """Malformed, unreadable or incomplete; retried when they change."""

    @property
    def conflicts(self) -> list[QuarantinedFile]:
        """Known files whose ingested bytes changed, shrank or vanished."""

class QuarantineList:
    """Quarantine and conflicts of a dataset's last scan."""

    @property
    def quarantined(self) -> list[QuarantinedFile]: ...
    @property
    def conflicts(self) -> list[QuarantinedFile]: ...

def scan(
    dataset: str | bytes | os.PathLike[str] | os.PathLike[bytes],
    root: str | bytes | os.PathLike[str] | os.PathLike[bytes],
    *,
    format: str,
    file_extension: str,
    timestamp_source: str = "mtime",
    timestamp_pattern: str = "",
    on_change: str = "report",
    quiet_s: float = 1.0,
    threads: int = 0,
    lock_timeout_s: float = 60.0,
    progress: Callable[[int, int], object] | None = None,
) -> ScanReport:
    """Register everything new below `root` in the folder `dataset`, as one durable commit.

    `format` is the text of a format (check_format). `timestamp_source` is 'mtime', 'filename' or 'column' (of the
    record itself); `timestamp_pattern` has the strptime directives %Y %m %d %H %M %S %s. `on_change` says what
    becomes of a known file whose ingested bytes changed: 'report' it, or 'replace' its samples. A file with an
    unfinished end waits until it was not written to for `quiet_s` seconds. `progress(files_done, files_total)` is
    called now and then; what it raises ends the scan. Raises ConflictError if the dataset stays locked for
    `lock_timeout_s` seconds, ValueError for impossible options, CorruptFileError if the dataset's own files are
    damaged.
    """

def seal(
    dataset: str | bytes | os.PathLike[str] | os.PathLike[bytes], *, format: str, lock_timeout_s: float = 60.0
) -> IndexSummary:
    """Make pushed samples visible from the next manifest on, without looking for files.

    Raises ConflictError if the dataset stays locked, CorruptFileError if a log is damaged.
    """

def quarantine(dataset: str | bytes | os.PathLike[str] | os.PathLike[bytes]) -> QuarantineList:
    """The quarantine list and the conflicts of the dataset's last scan."""

PURPOSE_SHUFFLE: int = 1

PURPOSE_SAMPLE: int = 2

PURPOSE_MODEL_INIT: int = 3

PURPOSE_TRAINING_STEP: int = 4

PURPOSE_DECODE_BATCH: int = 5

PURPOSE_EVALUATION: int = 6

PURPOSE_PRESAMPLING: int = 9

PURPOSE_SELECTION_PARTS: int = 10

PURPOSE_FRESHNESS: int = 11

PURPOSE_FRESHNESS_USED: int = 12

PURPOSE_USER_POLICY: int = 13

PURPOSE_DOWNSAMPLING: int = 32

PURPOSE_HOLDOUT: int = 33

def random_bits(seed: int, trigger: int, purpose: int, index: int) -> int:
    """64 random bits: a pure function of the address (Philox4x32-10, Salmon et al., SC 2011)."""

def random_bits_range(
    seed: int, trigger: int, purpose: int, first: int, count: int
) -> Annotated[NDArray[numpy.uint64], dict(shape=(None,))]:
    """uint64[count]: random_bits of the indices first, first + 1, ..."""

def share(size: int, part: int, parts: int) -> tuple[int, int]:
    """(first, count) of a contiguous share; the first `size mod parts` parts get one more.

    Raises ValueError if part >= parts.
    """

class Permutation:
    """A pseudo-random permutation of [0, size), computed element by element, without memory.

    A 6-round Feistel network with cycle walking (Black and Rogaway, CT-RSA 2002), keyed by Philox.
    """

    def __init__(self, seed: int, trigger: int, purpose: int, index: int, size: int) -> None: ...
    def __len__(self) -> int: ...
    @property
    def size(self) -> int: ...
    def apply(self, first: int, count: int) -> Annotated[NDArray[numpy.uint64], dict(shape=(None,))]:
        """uint64[count] images of first, first + 1, ...; ValueError beyond the size."""

class Order:
    """In which order an epoch goes through a set, computed for any range of places, without memory."""

    @staticmethod
    def unshuffled(size: int) -> Order:
        """Sample i at place i."""

    @staticmethod
    def global_shuffle(seed: int, trigger: int, epoch: int, size: int) -> Order:
        """One permutation of all samples."""

    @staticmethod
    def blockwise_shuffle(seed: int, trigger: int, epoch: int, size: int, block_size: int) -> Order:
        """Blocks of `block_size` consecutive samples in random order, samples mixed within 32 of them at a time.

        Raises ValueError if block_size is 0 or epoch is not below 2^32.
        """

    def __len__(self) -> int: ...
    @property
    def size(self) -> int: ...
    def apply(self, first: int, count: int) -> Annotated[NDArray[numpy.uint64], dict(shape=(None,))]:
        """uint64[count] samples at places first, first + 1, ...; ValueError beyond the size."""

BLOCKS_IN_FLIGHT: int = 32

class TrainingSet:
    """What one trigger trains on: ranges of positions of a view, or keys; weights if any."""

    @staticmethod
    def write_ranges(
        path: str | bytes | os.PathLike[str] | os.PathLike[bytes],
        view: View,
        ranges: numpy.typing.ArrayLike,
        weights: numpy.typing.ArrayLike | None = None,
    ) -> None:
        """Write uint64[m, 2] ranges (first position, count) and float32[n] weights to a new file, durably.

        Raises ConflictError if the file exists, ValueError for ranges beyond the view.
        """

    @staticmethod
    def write_keys(
        path: str | bytes | os.PathLike[str] | os.PathLike[bytes],
        view: View,
        keys: numpy.typing.ArrayLike,
        weights: numpy.typing.ArrayLike | None = None,
    ) -> None:
        """Write int64[n] keys and float32[n] weights to a new file, durably.

        Raises ConflictError if the file exists, UnknownKeyError for keys that the dataset never had.
        """

    @staticmethod
    def open(path: str | bytes | os.PathLike[str] | os.PathLike[bytes], view: View) -> TrainingSet:
        """Open a file; `view` must be the one that it was written for, else ValueError. CorruptFileError if damaged."""

    def __len__(self) -> int: ...
    @property
    def weighted(self) -> bool: ...
    @property
    def view(self) -> View: ...
    @property
    def digest(self) -> int:
        """32 bits that identify samples, weights and manifest."""

    def read(
        self, first: int, count: int
    ) -> tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.float32] | None]:
        """(int64[count] keys, float32[count] weights or None) of samples [first, first + count)."""

    def read_at(
        self, indices: numpy.typing.ArrayLike
    ) -> tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.float32] | None]:
        """The same for uint64[n] indices in any order."""

class Sequence:
    """Which samples, in which order, without a list of them.

    Making one costs next to nothing, reading one costs what is read.
    """

    def __init__(self) -> None:
        """Without samples."""

    @staticmethod
    def of_ranges(view: View, ranges: numpy.typing.ArrayLike) -> Sequence:
        """uint64[m, 2] ranges (first position, count) of a view; ValueError beyond it."""

    @staticmethod
    def of_keys(index: Index, keys: numpy.typing.ArrayLike) -> Sequence:
        """int64[n] keys, which are copied."""

    @staticmethod
    def of_training_set(training_set: TrainingSet) -> Sequence:
        """The samples of a training set."""

    @staticmethod
    def join(parts: _Sequence[Sequence]) -> Sequence:
        """One after the other. Weighted if one is; samples of the others have weight 1."""

    def slice(self, first: int, count: int) -> Sequence:
        """Samples [first, first + count); ValueError beyond the end."""

    def permuted(self, order: Order) -> Sequence:
        """Sample order(i) at place i. Raises ValueError if the order is of another size."""

    def with_weights(self, weights: numpy.typing.ArrayLike) -> Sequence:
        """The same samples with float32[n] weights; ValueError if there are more or fewer."""

    def where(
        self, *, labels: numpy.typing.ArrayLike | None = None, start: int | None = None, end: int | None = None
    ) -> Sequence:
        """The samples whose label is one of int64[n] labels and whose timestamp is in [start, end).

        Reads the columns once, and keeps at most one bit for each sample.
        """

    def partitions(self, maximum_keys_in_memory: int) -> int:
        """The number of partitions of so many samples; ValueError for 0."""

    def partition(self, number: int, maximum_keys_in_memory: int) -> Sequence:
        """A partition, from 0; the last one may be shorter. Raises ValueError for one that does not exist."""

    def share(self, worker: int, workers: int) -> Sequence:
        """The contiguous share of a worker; the first `len mod workers` get one more.

        Raises ValueError if worker >= workers.
        """

    def __len__(self) -> int: ...
    @property
    def weighted(self) -> bool: ...
    def keys(self, first: int, count: int) -> Annotated[NDArray[numpy.int64], dict(shape=(None,))]:
        """int64[count] keys of samples [first, first + count); ValueError beyond the end."""

    def timestamps(self, first: int, count: int) -> Annotated[NDArray[numpy.int64], dict(shape=(None,))]:
        """int64[count] Unix seconds."""

    def labels(self, first: int, count: int) -> Annotated[NDArray[numpy.int64], dict(shape=(None,))]:
        """int64[count] labels."""

    def read(
        self, first: int, count: int
    ) -> tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.float32] | None]:
        """(int64[count] keys, float32[count] weights or None) of samples [first, first + count)."""

    def read_at(
        self, indices: numpy.typing.ArrayLike
    ) -> tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.float32] | None]:
        """The same for uint64[n] indices in any order."""

    def label_counts(self) -> tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.uint64]]:
        """(int64[n] labels that occur, ascending, uint64[n] how often)."""

    def write(self, path: str | bytes | os.PathLike[str] | os.PathLike[bytes], view: View) -> None:
        """Write a training set, durably and in bounded memory; with weights if the sequence is weighted.

        Raises ConflictError if the file exists, UnknownKeyError for keys that the dataset never had.
        """

class Priorities:
    """What random choices of samples compare: a permutation of [0, PRIORITY_END), keyed by Philox."""

    def __init__(self, seed: int, trigger: int, purpose: int, index: int) -> None: ...
    def apply(self, keys: numpy.typing.ArrayLike) -> Annotated[NDArray[numpy.uint64], dict(shape=(None,))]:
        """uint64[n] priorities of int64[n] keys, which must not be negative."""

PRIORITY_END: int = 9223372036854775808

class Groups:
    """Which group a sample of a window belongs to, if to any."""

    @staticmethod
    def all() -> Groups:
        """One group."""

    @staticmethod
    def parts(ends: numpy.typing.ArrayLike) -> Groups:
        """Group i holds samples [ends[i - 1], ends[i]) of the window. ValueError if the ends descend."""

    @staticmethod
    def by_label(labels: numpy.typing.ArrayLike) -> Groups:
        """Group i holds the samples with labels[i]. ValueError if the labels do not ascend."""

    def __len__(self) -> int: ...

class Band:
    """The samples of group i whose priority is in [from_priority[i], to_priority[i])."""

    def __init__(
        self,
        priorities: Priorities,
        groups: Groups,
        *,
        from_priority: numpy.typing.ArrayLike | None = None,
        to_priority: numpy.typing.ArrayLike | None = None,
    ) -> None: ...

def count_samples_of_groups(
    window: Sequence, groups: Groups, among: _Sequence[Band] = []
) -> Annotated[NDArray[numpy.uint64], dict(shape=(None,))]:
    """uint64[g]: how many samples of each group lie in all bands of `among`."""

def priority_bounds(
    window: Sequence,
    groups: Groups,
    priorities: Priorities,
    quotas: numpy.typing.ArrayLike,
    counts: numpy.typing.ArrayLike,
    among: _Sequence[Band] = [],
) -> Annotated[NDArray[numpy.uint64], dict(shape=(None,))]:
    """uint64[g] bounds: exactly min(quotas[i], counts[i]) samples of group i among those have a lower priority.

    `counts` is what count_samples_of_groups says of the same window. Raises ValueError if it is not.
    """

def choose(window: Sequence, any_of: _Sequence[_Sequence[Band]]) -> Sequence:
    """The samples that lie in all bands of one of the rules, in their order.

    Keeps at most a bit for each sample.
    """

def latest(window: Sequence, ends: numpy.typing.ArrayLike) -> tuple[Sequence, numpy.typing.NDArray[numpy.uint64]]:
    """(the last sample of each key, uint64[n] where parts that end at `ends` end then). Free for ranges of a view."""

class Ledger:
    """What each trigger of a pipeline saw, as it was at one moment."""

    @staticmethod
    def open(path: str | bytes | os.PathLike[str] | os.PathLike[bytes], view: View | None = None) -> Ledger:
        """All that was durable. `view` is the one that ranges refer to, if there are any.

        Raises CorruptFileError if a check fails, ValueError if there are ranges of another view.
        """

    @property
    def triggers(self) -> int:
        """Triggers that have ended; one more may be open."""

    def __len__(self) -> int: ...
    def samples(self, first: int, end: int) -> Sequence:
        """What the triggers [first, end) saw; nothing for triggers that are not there."""

    def verify(self) -> None:
        """Check every frame; CorruptFileError if one fails."""

class LedgerWriter:
    """Appends to a ledger. Any thread may call it."""

    def __init__(self, path: str | bytes | os.PathLike[str] | os.PathLike[bytes], lock_timeout_s: float = 10.0) -> None:
        """Open the ledger, or create it. Cuts off what a killed writer left unfinished.

        Raises ConflictError if somebody else writes to it, CorruptFileError if it is damaged.
        """

    @property
    def open_trigger(self) -> int:
        """The trigger that samples belong to now."""

    def __len__(self) -> int: ...
    @property
    def cut_bytes(self) -> int:
        """Bytes that were cut off when it was opened."""

    def inform(
        self,
        trigger: int,
        batch: int,
        keys: numpy.typing.ArrayLike,
        timestamps: numpy.typing.ArrayLike,
        labels: numpy.typing.ArrayLike,
    ) -> bool:
        """Add int64[n] keys, timestamps and labels to the open trigger, wholly or not at all; durable after sync().

        False, and nothing changes, if the trigger has this batch already. Raises ValueError if the columns differ
        in length or the trigger is not open, ConflictError if its batch of this number is another one.
        """

    def inform_ranges(self, trigger: int, batch: int, view: View, ranges: numpy.typing.ArrayLike) -> bool:
        """The same with uint64[m, 2] ranges (first position, count) of a view."""

    def end_trigger(self, trigger: int) -> bool:
        """End the open trigger, durably with all before; False if it has ended already."""

    def sync(self) -> None:
        """Make everything durable and visible to readers."""

    def snapshot(self, view: View | None = None) -> Ledger:
        """The ledger as it is now, synced or not."""

class Reader:
    """Fetches the bytes of any samples of an index from its source files."""

    def __init__(
        self,
        index: Index,
        root: str | bytes | os.PathLike[str] | os.PathLike[bytes],
        threads: int = 0,
        max_open_files: int = 4096,
        access: str = "automatic",
    ) -> None:
        """`root` is the dataset's base path; at most `threads` threads copy at a time (0: one for each core).

        `access` says how bytes are taken from files: 'map', 'read', or 'automatic': maps, but reads on network
        file systems.
        """

    @property
    def index(self) -> Index: ...
    @property
    def format(self) -> FixedRecordFormat:
        """The fixed records of the dataset; ValueError if it has others."""

    @property
    def sample_size(self) -> int | None:
        """Bytes of each sample, or None if samples differ in size."""

    def sizes(self, keys: numpy.typing.ArrayLike) -> numpy.typing.NDArray[numpy.uint64]:
        """uint64[n] bytes of the samples of int64[n] keys. Raises UnknownKeyError."""

    def fetch_any(
        self, keys: numpy.typing.ArrayLike
    ) -> tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.uint8]]:
        """(int64[n] labels, int64[n + 1] offsets, uint8 data) of int64[n] keys: samples of any size.

        Sample i is data[offsets[i]:offsets[i + 1]]. Raises as fetch does.
        """

    def advise(self, keys: numpy.typing.ArrayLike) -> None:
        """Lets the operating system read these samples into the page cache, without waiting for it.

        Raises UnknownKeyError, SourceChangedError, OSError.
        """

    def fetch(
        self, keys: numpy.typing.ArrayLike
    ) -> tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.uint8]]:
        """(int64[n] labels, uint8[n, sample_size] samples) of int64[n] keys, in their order; repeats allowed.

        Raises UnknownKeyError, SourceChangedError if a source file is not what was ingested, OSError, and
        ValueError if samples differ in size.
        """

    def fetch_fields(
        self, keys: numpy.typing.ArrayLike, fields: _Sequence[tuple[int, int]]
    ) -> tuple[numpy.typing.NDArray[numpy.int64], list[numpy.typing.NDArray[numpy.uint8]]]:
        """(int64[n] labels, one uint8[n, length] for each field) of int64[n] keys.

        A field is (offset, length) in the sample's bytes, which are the record without its label. Raises as fetch
        does, and ValueError for a field that is empty or reaches beyond the sample.
        """

class DeletedSamples:
    """The samples of a training set that were deleted after it was written."""

    def __init__(self, training_set: TrainingSet, newer: Index) -> None:
        """`newer` is a later manifest of the same dataset; ValueError for another one."""

    def __len__(self) -> int:
        """Samples of the set; one that is there twice counts twice."""

class Feed:
    """The samples of a training set in training order, several batches for one call."""

    def __init__(
        self,
        training_set: TrainingSet,
        order: Order,
        reader: Reader,
        fields: _Sequence[tuple[int, int]] | None,
        deleted: DeletedSamples | None = None,
    ) -> None:
        """Sample i of the feed is the set's sample at place i of the order.

        `fields` None: whole samples. Samples that `deleted` names have the weight 0, and the bytes and label of
        another. Raises ValueError if order, training set, reader and fields do not fit together.
        """

    def __len__(self) -> int: ...
    def fetch(
        self, first: int, count: int
    ) -> tuple[
        numpy.typing.NDArray[numpy.int64],
        numpy.typing.NDArray[numpy.float32] | None,
        numpy.typing.NDArray[numpy.int64],
        list[numpy.typing.NDArray[numpy.uint8]],
        numpy.typing.NDArray[numpy.int64] | None,
    ]:
        """(keys, weights, labels, arrays, offsets) of the feed's samples [first, first + count).

        int64[n] keys, float32[n] weights or None, int64[n] labels. Samples of one size: uint8[n, length] for
        each field, or one uint8[n, sample_size], and offsets None. Others: one uint8 array, and the int64[n + 1]
        offsets of the samples in it.

        Raises as TrainingSet.read_at and Reader.fetch do.
        """

    def advise(self, first: int, count: int) -> None:
        """As Reader.advise, for the feed's samples [first, first + count)."""

def thread_pool() -> CapsuleType:
    """What modyn._kernels.use_pool takes: the function that spreads work over this process's threads."""

class AppendReceipt:
    """A batch that is durable."""

    @property
    def batch_id(self) -> str:
        """The caller's, or the one that was drawn."""

    @property
    def samples(self) -> int: ...
    @property
    def duplicate(self) -> bool:
        """The batch was there already; nothing was added."""

    @property
    def log_is_full(self) -> bool:
        """The batch is the first of a log because the one before is full: worth sealing now."""

class Appender:
    """Appends batches to one dataset.

    Threads share one: those that wait at the same time are written together, with one flush to disk.
    Processes take turns.
    """

    def __init__(
        self,
        dataset: str | bytes | os.PathLike[str] | os.PathLike[bytes],
        *,
        sample_size: int = 0,
        log_bytes: int = 268435456,
        lock_timeout_s: float = 60.0,
    ) -> None:
        """Open the logs of a dataset, or begin them.

        `sample_size` 0 stands for samples of any length. A log that has reached `log_bytes` is followed by another.
        Raises CorruptFileError for damaged logs, ValueError if they hold samples of another size.
        """

    def append(
        self,
        samples: bytes | bytearray | memoryview | numpy.typing.NDArray[Any],
        labels: numpy.typing.ArrayLike,
        timestamps: numpy.typing.ArrayLike | None = None,
        lengths: numpy.typing.ArrayLike | None = None,
        batch_id: str | None = None,
    ) -> AppendReceipt:
        """Append a batch; durable when it returns.

        `samples` are the bytes of the samples one after the other, `labels` int64[n], `timestamps` int64[n] Unix
        seconds (now if None), `lengths` the bytes of each sample if samples have no fixed size. The same `batch_id`
        with the same content adds nothing; with other content it raises ConflictError. Raises ValueError for
        columns that do not fit each other, OSError if the disk is full or fails.
        """

class PushedLog:
    """One log of pushed samples, as far as it is committed."""

    @property
    def number(self) -> int: ...
    @property
    def path(self) -> str:
        """Relative to the dataset's folder."""

    @property
    def begin(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def sample_size(self) -> int: ...
    @property
    def first_sample(self) -> int:
        """Samples that were pushed before this log."""

    @property
    def samples(self) -> int: ...

def pushed_logs(
    dataset: str | bytes | os.PathLike[str] | os.PathLike[bytes], lock_timeout_s: float = 60.0
) -> list[PushedLog]:
    """The logs of a dataset's pushed samples, in order."""

def samples_behind(dataset: str | bytes | os.PathLike[str] | os.PathLike[bytes], log: PushedLog, offset: int) -> int:
    """How many samples lie in the log at or behind the offset, the end of a frame."""

def waiting_samples(index: Index, lock_timeout_s: float = 60.0) -> int:
    """How many pushed samples are not in the index: those that the next scan seals."""

def read_samples(
    data: bytes | bytearray | memoryview | numpy.typing.NDArray[Any], format: str, companion: bytes | None = None
) -> tuple[
    numpy.typing.NDArray[numpy.int64],
    numpy.typing.NDArray[numpy.int64] | None,
    numpy.typing.NDArray[numpy.uint64] | None,
    bytes,
]:
    """The samples in bytes that look like a file of the format.

    Returns labels, timestamps (None if the format has none), the bytes of each sample (None if all have one size)
    and the samples one after the other, without their labels. `companion` is the content of the file beside it, if
    the format has such. Raises BadContentError or IncompleteFileError, whose messages go on from the data's name.
    """

class CollectedLogs:
    """What collect_logs removed."""

    @property
    def logs(self) -> int: ...
    @property
    def bytes(self) -> int: ...

def collect_logs(
    dataset: str | bytes | os.PathLike[str] | os.PathLike[bytes], lock_timeout_s: float = 60.0
) -> CollectedLogs:
    """Remove logs of which no manifest that is there has a sample that is not deleted.

    The oldest first, and never the newest; their batch ids stay known. Raises ConflictError if another writer
    holds a lock for longer, CorruptFileError if a manifest or log is damaged.
    """

def verify_pushed(dataset: str | bytes | os.PathLike[str] | os.PathLike[bytes], lock_timeout_s: float = 60.0) -> None:
    """Read every committed byte of every log; CorruptFileError names the first that is not as written."""

class WatchedFolder:
    """A folder with all below it."""

    def __init__(
        self,
        path: str | bytes | os.PathLike[str] | os.PathLike[bytes],
        *,
        ending: str = "",
        excluded: str | bytes | os.PathLike[str] | os.PathLike[bytes] = "",
    ) -> None:
        """Describe what to watch.

        `path` may be missing, vanish and come back. Only files whose name ends with `ending` count, and nothing in
        the folder `excluded`; names that begin with '.' or '~' never do.
        """

class Watcher:
    """Tells when it is worth while to scan folders again.

    A hint, where the operating system gives one: see `scans_because`.
    """

    def __init__(
        self, folders: _Sequence[WatchedFolder], *, min_interval_s: float = 1.0, quiet_s: float = 0.05
    ) -> None:
        """Begin to watch.

        Changes are told at most every `min_interval_s` seconds, a burst of them when nothing has happened for
        `quiet_s` seconds.
        """

    def wait(self, timeout_s: float) -> Literal["changes", "timeout", "stop"]:
        """Wait for changes since the last that were told, for the time to be over, or for `stop`.

        One thread at a time; signal handlers of Python run meanwhile.
        """

    def stop(self) -> None:
        """End this wait and all later ones at once; from any thread or signal handler."""

    @property
    def scans_because(self) -> str:
        """Why changes are not told, so that only scanning finds them; empty while they are."""
