"""Where a mistake is said to be, and files that are not even a mapping."""

from __future__ import annotations

from pathlib import Path

import pytest

from modyn.config import check_file, validate_file
from modyn.config.document import parse_document
from modyn.config.section import Issue

from .pipelines import REFERENCE, messages


def place_of(text: str, loc: tuple[str | int, ...], **where: int) -> tuple[int, int]:
    problem = parse_document(text.encode(), "f").problem(Issue(loc, "x", **where))
    return problem.line, problem.column


def test_a_value_is_at_its_first_character():
    assert place_of("a:\n  b: [1, {c: 2}]\n", ("a", "b", 1, "c")) == (2, 14)


def test_what_is_not_there_is_at_the_key_around_it():
    assert place_of("a:\n  b: {c: 2}\n", ("a", "b", "d")) == (2, 3)
    assert place_of("a: 1\n", ("b",)) == (1, 1)


def test_characters_are_counted_not_bytes():
    assert place_of("a: {ü: é, b: 2}\n", ("a", "b")) == (1, 14)


def test_a_line_of_a_block_is_the_line_of_the_file():
    text = "data:\n  code: |  # a comment\n\n    first\n      second(\n"
    assert place_of(text, ("data", "code"), text_line=3, text_column=7) == (5, 11)


def test_a_line_of_a_block_with_an_indentation_indicator():
    assert place_of("code: |2\n    indented(\n", ("code",), text_line=1, text_column=11) == (2, 13)


def test_code_in_one_line_is_at_its_column():
    assert place_of('list: ["f(", g]\n', ("list", 0), text_line=1, text_column=2) == (1, 10)


def test_a_line_of_folded_code_is_named_since_it_has_no_place_of_its_own():
    problem = parse_document(b'code: "a\\nb("\n', "f").problem(Issue(("code",), "wrong", text_line=2, text_column=2))
    assert (problem.line, problem.column, problem.what) == (1, 7, "wrong (line 2 of the code)")


def test_an_alias_is_where_it_is_used_and_its_content_where_it_is_defined():
    text = "one: &x {a: 1}\ntwo: *x\n"
    assert place_of(text, ("two", "a")) == (1, 13)


def test_merged_keys_are_where_they_are_defined_and_may_be_overridden():
    document = parse_document(b"one: &x {a: 1, b: 2}\ntwo: {<<: *x, b: 3}\nthree: *x\n", "f")
    assert document.problems == []
    assert document.data["two"] == {"a": 1, "b": 3}
    assert document.position(("two", "a")) == (1, 13)
    assert document.position(("two", "b")) == (2, 18)


def test_a_mistake_inside_of_code_has_its_place(tmp_path: Path):
    text = REFERENCE.replace("return torch.argmax(model_output, dim=-1)", "return torch.argmax(model_output, dim=-1")
    line = next(number for number, line in enumerate(text.splitlines(), 1) if "torch.argmax" in line)
    column = text.splitlines()[line - 1].index("(") + 1
    (message,) = messages(text, tmp_path)
    assert message.startswith(f"{line}:{column}: evaluation.datasets[0].metrics[0].evaluation_transformer_function: ")


def test_a_function_with_wrong_arguments_is_at_its_definition(tmp_path: Path):
    text = REFERENCE.replace("def bytes_parser_function(data: memoryview)", "def bytes_parser_function(a, b)", 1)
    line = next(number for number, line in enumerate(text.splitlines(), 1) if "(a, b)" in line)
    (message,) = messages(text, tmp_path)
    assert message.startswith(f"{line}:5: data.bytes_parser_function: 'bytes_parser_function' takes a, b")


def test_a_key_that_comes_twice_is_at_its_second_place(tmp_path: Path):
    (message,) = messages(REFERENCE + "trigger: {id: TimeTrigger, every: 1d}\n", tmp_path)
    lines = REFERENCE.splitlines()
    first = lines.index("trigger:") + 1
    assert (
        message == f"{len(lines) + 1}:1: the key 'trigger' comes twice, first in line {first}, expected each key once"
    )


def test_key_and_value_of_an_unknown_key(tmp_path: Path):
    text = REFERENCE.replace("  batch_size: 64\n  optimizers", "  batchsize: 64\n  optimizers")
    line = text.splitlines().index("  batchsize: 64") + 1
    assert messages(text, tmp_path) == [f"{line}:3: unknown key 'batchsize' in 'training', did you mean 'batch_size'?"]


def test_an_unknown_discriminator_is_at_its_value(tmp_path: Path):
    (message,) = messages(REFERENCE.replace("id: TimeTrigger", "id: Timer"), tmp_path)
    line = REFERENCE.splitlines().index("  id: TimeTrigger") + 1
    assert message.startswith(f"{line}:7: trigger.id is 'Timer', expected 'DataAmountTrigger', ")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "1:1: the file is empty, expected a mapping of sections"),
        (b"# nothing\n---\n", "1:1: the file is empty, expected a mapping of sections"),
        (b"- a\n- b\n", "1:1: the file holds a list, expected a mapping with the sections of a pipeline"),
        (b"just words\n", "1:1: the file holds 'just words', expected a mapping with the sections of a pipeline"),
        (b"a: 1\nb: \xff\n", "2:4: byte 0xff is not UTF-8, expected a text file in UTF-8"),
        (b"a: 1\nb: \x07\n", "2:4: not valid YAML: special characters are not allowed"),
        (b"a: &x {b: *x}\n", "1:4: not valid YAML: what is anchored here contains an alias of itself"),
        (b"a: !!python/name:os.system x\n", "1:4: not valid YAML: could not determine a constructor for the tag"),
        (b"? [1]\n: 2\n", "1:3: not valid YAML: a list or a mapping cannot be a key"),
        (b"a: !!int x\n", "1:4: not valid YAML: invalid literal for int() with base 10: 'x'"),
        (
            b"a: 1\n---\nb: 2\n",
            "2:1: not valid YAML: expected a single document in the stream, but found another document",
        ),
    ],
)
def test_a_file_that_is_no_mapping_is_reported(content: bytes, message: str, tmp_path: Path):
    path = tmp_path / "pipeline.yaml"
    path.write_bytes(content)
    (problem,) = validate_file(path)
    assert str(problem).startswith(f"{path}:{message}")


def test_a_file_that_is_missing_is_reported(tmp_path: Path):
    (problem,) = validate_file(tmp_path / "nothing.yaml")
    assert problem.what == "cannot be read: the file does not exist"
    (problem,) = validate_file(tmp_path)
    assert problem.what.startswith("cannot be read: ")


def test_aliases_cannot_make_a_file_explode(tmp_path: Path):
    levels = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9))
    path = tmp_path / "bomb.yaml"
    path.write_text("a0: &a0 [1]\n" + levels)
    (problem,) = check_file(path).problems
    assert "aliases make more than 100000 values" in problem.what


def test_a_byte_order_mark_and_windows_line_ends_are_no_mistake(tmp_path: Path):
    path = tmp_path / "pipeline.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + REFERENCE.replace("\n", "\r\n").encode())
    assert validate_file(path) == []
