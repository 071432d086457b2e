"""CSV files as they are scanned, against Python's own reader of CSV."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modyn import _native
from modyn.storage.sample_format import Csv, TimestampFrom, settings_text

QUIET = 1_000_000_000

text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
awkward = st.text(st.sampled_from(list('a,;"\n\r\t é€')), max_size=8)
integers = st.integers(-(2**63), 2**63 - 1)


def scanned(
    content: bytes, format: Csv, timestamp: TimestampFrom
) -> tuple[list[int], list[bytes], list[int], list[str]]:
    """Labels, samples and timestamps by key, and what is in quarantine."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "data")
        root.mkdir()
        (root / "a.csv").write_bytes(content)
        os.utime(root / "a.csv", (QUIET, QUIET))
        report = _native.scan(
            Path(folder, "dataset"),
            root,
            format=settings_text(format, timestamp),
            file_extension=format.file_extension,
            timestamp_source=timestamp.source,
        )
        index = _native.Index.open(Path(folder, "dataset"))
        keys = np.arange(report.new_samples)
        _, offsets, lengths, cut_offsets, cut_lengths = index.places(keys)
        samples = []
        for offset, length, cut, cut_length in zip(offsets, lengths, cut_offsets, cut_lengths, strict=True):
            row = content[offset : offset + length]
            samples.append(row[:cut] + row[cut + cut_length :])
        reasons = [file.reason for file in report.quarantined]
        return index.labels(keys).tolist(), samples, index.timestamps(keys).tolist(), reasons


def encoded(cell: str, quoted: bool, separator: str) -> str:
    needs = quoted or any(character in cell for character in f'"\r\n{separator}')
    return '"' + cell.replace('"', '""') + '"' if needs else cell


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, int, list[int], list[str], list[list[str]]]:
    """Text of a file, the label's column, labels, samples as text, and the samples' cells."""
    separator = draw(st.sampled_from([",", ";", "\t", "|"]))
    columns = draw(st.integers(2, 5))
    label = draw(st.integers(0, columns - 1))
    labels, samples, cells, lines = [], [], [], []
    for _ in range(draw(st.integers(0, 8))):
        values = [draw(text | awkward) for _ in range(columns)]
        values[label] = str(draw(integers))
        row = [encoded(value, draw(st.booleans()), separator) for value in values]
        labels.append(int(values[label]))
        samples.append(separator.join(row[:label] + row[label + 1 :]))
        cells.append(values[:label] + values[label + 1 :])
        lines.append(separator.join(row) + draw(st.sampled_from(["\n", "\r\n"])))
    content = "".join(lines)
    if draw(st.booleans()):
        content = content.removesuffix("\n").removesuffix("\r")
    return separator + content, label, labels, samples, cells


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tables(), st.booleans())
def test_samples_are_rows_without_their_label_byte_for_byte(
    table: tuple[str, int, list[int], list[str], list[list[str]]], by_name: bool
) -> None:
    content, label, labels, samples, cells = table
    separator, content = content[0], content[1:]
    format = Csv(label=label, separator=separator)
    if by_name:
        columns = len(cells[0]) + 1 if cells else label + 2
        names = [f'column "{number}"' for number in range(columns)]
        header = separator.join(encoded(name, False, separator) for name in names)
        content = f"{header}\r\n{content}"
        format = Csv(label=names[label], separator=separator)
    found, stored, _, reasons = scanned(content.encode(), format, TimestampFrom())
    assert reasons == []
    assert found == labels
    assert stored == [sample.encode() for sample in samples]
    for sample, expected in zip(stored, cells, strict=True):
        # Python's reader takes a line end in quotes as it is only if it is not told to translate it.
        read = list(csv.reader(io.StringIO(sample.decode(), newline=""), delimiter=separator, strict=True))
        assert (read or [[""]]) == [expected]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(awkward, max_size=6).map("".join), st.integers(0, 2))
def test_any_text_is_read_as_python_reads_it_or_refused(content: str, label: int) -> None:
    content = content.replace("a", "1")
    labels, samples, _, reasons = scanned(content.encode(), Csv(label=label), TimestampFrom())
    if reasons:
        assert samples == []
        return
    rows = [row for row in csv.reader(io.StringIO(content, newline="")) if row]
    assert labels == [int(row[label]) for row in rows]
    for sample, row in zip(samples, rows, strict=True):
        rest = row[:label] + row[label + 1 :]
        assert (list(csv.reader(io.StringIO(sample.decode(), newline=""))) or [[""]]) == [rest]


def test_timestamps_of_a_column_are_seconds_or_moments() -> None:
    content = b"when,what,y\n5,a,1\n2024-05-31T12:00:00+02:00,b,2\n"
    labels, samples, timestamps, _ = scanned(content, Csv(label="y"), TimestampFrom("column", column="when"))
    assert labels == [1, 2]
    assert samples == [b"5,a", b"2024-05-31T12:00:00+02:00,b"]
    assert timestamps == [5, 1_717_149_600]
