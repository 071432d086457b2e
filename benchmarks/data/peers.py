"""Libraries that give random samples of a dataset, each with the same records and as its documentation says.

They are installed into an environment of their own in build/, which sees Modyn's: nothing there changes Modyn's. What
does not install or start is named and left out. Run as a program, in that environment, this measures all of them and
Modyn in turns, and prints the rates as JSON.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import time
import types
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from benchmarks.report import interleaved, peak_mb

FOLDER = Path("build/bench/peers")
PACKAGES = ("pylance", "array_record", "litdata", "mosaicml-streaming")
MEMMAP = "numpy.memmap, fancy index"
RECORD, SAMPLES, KEYS, REPEATS, REQUESTS = 1024, 200_000, 100_000, 9, 8
FILES = 10
SLOW_KEYS = 10_000  # of the same keys, for libraries that take seconds for all

Keys = npt.NDArray[np.int64]
Records = npt.NDArray[np.uint8]
Fetch = Callable[[Keys], Any]


def environment() -> Path:
    """The Python of an environment with as many of the libraries as can be installed."""
    python = FOLDER / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", FOLDER], check=True)
        ours = sysconfig.get_path("purelib")
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        link = FOLDER / "lib" / version / "site-packages" / "modyn_environment.pth"
        link.write_text(f"import site; site.addsitedir({ours!r})\n")
    for package in PACKAGES:
        stamp = FOLDER / f"{package}.installed"
        if stamp.exists():
            continue
        install: list[str | Path] = [
            python,
            "-m",
            "pip",
            "--disable-pip-version-check",
            "--no-input",
            "install",
            "--quiet",
        ]
        result = subprocess.run(
            [*install, "-c", "constraints.txt", package],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            print(f"{package} cannot be installed here: {result.stderr.strip().splitlines()[-1]}")
        else:
            stamp.touch()
    return python.absolute()


def modyn(folder: Path, records: Records) -> Fetch:
    """Files of records with a label of 4 bytes."""
    from modyn import _native
    from modyn.storage.sample_format import FixedRecord, TimestampFrom, settings_text

    root = folder / "records"
    root.mkdir()
    for number, part in enumerate(np.array_split(records, FILES)):
        part.tofile(root / f"{number}.bin")
        os.utime(root / f"{number}.bin", (1_000_000_000 + number,) * 2)
    format = settings_text(FixedRecord(record_size=RECORD, label_size=4), TimestampFrom())
    _native.scan(folder / "dataset", root, file_extension=".bin", format=format)
    reader = _native.Reader(_native.Index.open(folder / "dataset"), root)
    _check(reader.fetch(np.arange(100))[1], records[:100, 4:])
    return reader.fetch


def memmap(folder: Path, records: Records) -> Fetch:
    """One file of all records."""
    records.tofile(folder / "records.bin")
    mapped = np.memmap(folder / "records.bin", np.uint8, "r").reshape(-1, RECORD)
    return lambda keys: mapped[keys]


def lance(folder: Path, records: Records) -> Fetch:
    """`take`, its batched random access."""
    import lance as library
    import pyarrow as pa

    samples = np.ascontiguousarray(records[:, 4:])
    column = pa.FixedSizeBinaryArray.from_buffers(pa.binary(RECORD - 4), len(records), [None, pa.py_buffer(samples)])
    table = pa.table({"sample": column, "label": records[:, :4].copy().view(np.int32).ravel()})
    library.write_dataset(table, str(folder / "lance"))
    dataset = library.dataset(str(folder / "lance"))
    return lambda keys: dataset.take(keys.tolist())


def array_record(folder: Path, records: Records) -> Fetch:
    """`__getitems__`, its batched random access, over records that are not grouped, as its documentation advises."""
    from array_record.python.array_record_data_source import ArrayRecordDataSource
    from array_record.python.array_record_module import ArrayRecordWriter

    paths = []
    for number, part in enumerate(np.array_split(records, FILES)):
        paths.append(str(folder / f"{number}.array_record"))
        writer = ArrayRecordWriter(paths[-1], "group_size:1,uncompressed")
        for record in part:
            writer.write(record.tobytes())
        writer.close()
    source = ArrayRecordDataSource(paths)
    _check(np.frombuffer(source[7], np.uint8), records[7])
    return lambda keys: source.__getitems__(keys.tolist())


def mosaic_streaming(folder: Path, records: Records) -> Fetch:
    """One sample at a time: it has no batched access."""
    # Its examples of vision datasets need a torchvision that fits torch; they are not needed here.
    sys.modules.setdefault("streaming.vision", types.ModuleType("streaming.vision"))
    from streaming import MDSWriter, StreamingDataset

    with MDSWriter(out=str(folder / "mds"), columns={"sample": "bytes", "label": "int"}) as writer:
        for record in records:
            writer.write({"sample": record[4:].tobytes(), "label": int(record[0])})
    dataset = StreamingDataset(local=str(folder / "mds"), shuffle=False, batch_size=1)
    _check(np.frombuffer(dataset[7]["sample"], np.uint8), records[7, 4:])
    return lambda keys: [dataset[key] for key in keys.tolist()]


def litdata(folder: Path, records: Records) -> Fetch:
    """One sample at a time: it has no batched access."""
    import litdata as library

    np.save(folder / "records.npy", records)
    with redirect_stdout(io.StringIO()):
        library.optimize(
            fn=_LitSample(folder / "records.npy"),
            inputs=list(range(len(records))),
            output_dir=str(folder / "litdata"),
            chunk_bytes="64MB",
            num_workers=1,  # several write samples in another order
            reorder_files=False,
        )
    dataset = library.StreamingDataset(str(folder / "litdata"), shuffle=False)
    _check(np.frombuffer(dataset[7]["sample"], np.uint8), records[7, 4:])
    return lambda keys: [dataset[key] for key in keys.tolist()]


class _LitSample:
    def __init__(self, records: Path) -> None:
        self._path = records
        self._records: Records | None = None

    def __call__(self, index: int) -> dict[str, Any]:
        if self._records is None:
            self._records = np.load(self._path, mmap_mode="r")
        record = self._records[index]
        return {"sample": record[4:].tobytes(), "label": int(record[0])}


LIBRARIES: dict[str, tuple[Callable[[Path, Records], Fetch], int]] = {
    "modyn": (modyn, KEYS),
    MEMMAP: (memmap, KEYS),
    "Lance, take": (lance, KEYS),
    "ArrayRecord, __getitems__": (array_record, KEYS),
    f"MosaicML Streaming, {SLOW_KEYS:,} of the keys": (mosaic_streaming, SLOW_KEYS),
    f"LitData, {SLOW_KEYS:,} of the keys": (litdata, SLOW_KEYS),
}


def _check(found: npt.NDArray[Any], expected: npt.NDArray[Any]) -> None:
    np.testing.assert_array_equal(found, expected)


def _timed(fetch: Fetch, requests: Iterator[Keys], count: int) -> Callable[[], float]:
    def run() -> float:
        keys = next(requests)[:count]
        start = time.perf_counter()
        samples = fetch(keys)
        seconds = time.perf_counter() - start
        del samples
        return count / seconds

    return run


def main() -> None:
    folder = Path(sys.argv[1])
    random = np.random.default_rng(0)
    records = random.integers(0, 256, (SAMPLES, RECORD), dtype=np.uint8)
    requests = [random.integers(0, SAMPLES, KEYS) for _ in range(REQUESTS)]
    works: dict[str, Callable[[], float]] = {}
    notes = []
    for name, (prepare, count) in LIBRARIES.items():
        place = folder / prepare.__name__
        place.mkdir()
        try:
            works[name] = _timed(prepare(place, records), cycle(requests), count)
        except Exception as error:  # another library may fail in any way; the others are measured all the same
            if name in ("modyn", MEMMAP):
                raise
            notes.append(f"{name} is left out: {type(error).__name__}: {error}".splitlines()[0])
            shutil.rmtree(place)
    del records
    interleaved(works, 2)  # warms caches, maps and allocators up
    rates = interleaved(works, REPEATS)
    print(json.dumps({"rates": rates, "notes": notes, "peak_mb": peak_mb()}), flush=True)


if __name__ == "__main__":
    main()
