"""From a name in a pipeline to a module."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from modyn.config.model import ModelConfig
from modyn.config.names import MODELS
from modyn.errors import ModelError, UnsupportedError
from modyn.models.build import build_model, takes_sample_ids
from modyn.models.names import AVAILABLE, check_supported

CPU = torch.device("cpu")

CODE = """
import torch

class Net(torch.nn.Module):
    def __init__(self, width: int, *, bias: bool = True) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(width, 1, bias=bias)

    def forward(self, data):
        return self.layer(data)

class WithKeys(Net):
    def forward(self, data, sample_ids=None):
        return self.layer(data)

class Wrapper:
    def __init__(self, model_configuration, device, amp):
        assert (device, amp) == ("cpu", True)
        self.model = Net(model_configuration.pop("width"))

class Empty:
    def __init__(self, model_configuration, device, amp):
        self.model = "no module"

not_a_class = 1
"""


def build(folder: Path, name: str, amp: bool = False, **config: Any) -> torch.nn.Module:
    return build_model(ModelConfig(id=name, config=config), folder, CPU, amp=amp)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "nets.py").write_text(CODE)
    return tmp_path


def test_a_module_gets_the_options_as_arguments(folder: Path) -> None:
    model = build(folder, "nets:Net", width=3, bias=False)
    assert model.layer.weight.shape == (1, 3)
    assert model.layer.bias is None


def test_the_form_of_the_reference_system_works(folder: Path) -> None:
    config = ModelConfig(id="nets:Wrapper", config={"width": 3})
    for _ in range(2):  # the class takes its option out of the dict; the configuration keeps it
        assert build_model(config, folder, CPU, amp=True).layer.weight.shape == (1, 3)


def test_keys_are_passed_only_to_those_who_ask(folder: Path) -> None:
    assert not takes_sample_ids(build(folder, "nets:Net", width=1))
    assert takes_sample_ids(build(folder, "nets:WithKeys", width=1))


def test_fresh_weights_are_those_of_the_generator(folder: Path) -> None:
    def weights(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return build(folder, "nets:Net", width=3).layer.weight

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


@pytest.mark.parametrize(
    ("name", "config", "message"),
    [
        ("nets:Net", {}, r"cannot be built with model.config \{\}: missing a required argument: 'width'"),
        ("nets:Net", {"width": 1, "depth": 2}, r"unexpected keyword argument 'depth'; the class takes \(width: int"),
        ("nets:Nett", {}, r"'Nett' does not exist in .*nets.py, which defines Empty, Net, WithKeys, Wrapper"),
        ("nets:not_a_class", {}, "'not_a_class' is no class"),
        ("nets:Empty", {}, "its attribute 'model' is str, not an nn.Module"),
        ("netz:Net", {}, "there is no module 'netz', neither in"),
        ("nets.inner:Net", {}, "there is no module 'nets.inner'"),
    ],
)
def test_what_cannot_be_built_is_explained(folder: Path, name: str, config: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        build(folder, name, **config)


def test_what_the_constructor_raises_is_passed_on(folder: Path) -> None:
    with pytest.raises(RuntimeError, match="negative dimension"):
        build(folder, "nets:Net", width=-1)


def test_code_that_fails_on_import_is_explained(folder: Path) -> None:
    (folder / "broken.py").write_text("import no_such_package\n")
    (folder / "worse.py").write_text("1 / 0\n")
    with pytest.raises(ModelError, match=r"module 'broken' needs a module that is not installed.*no_such_package"):
        build(folder, "broken:Net")
    with pytest.raises(ModelError, match=r"module 'worse' of .* fails on import: ZeroDivisionError"):
        build(folder, "worse:Net")


def test_dummy_maps_two_numbers_to_two(folder: Path) -> None:
    model = build(folder, "Dummy")
    assert model(torch.zeros(5, 2)).shape == (5, 2)
    with pytest.raises(ModelError, match="unexpected keyword argument 'width'"):
        build(folder, "Dummy", width=1)


@pytest.mark.parametrize("name", sorted(set(MODELS) - set(AVAILABLE)))
def test_other_known_models_are_refused_by_name(folder: Path, name: str) -> None:
    with pytest.raises(UnsupportedError, match=f"model '{name}' cannot be built yet; use one of Dummy"):
        build(folder, name)
    check_supported(ModelConfig(id="nets:Net"))


def write(folder: Path, **files: str) -> Path:
    folder.mkdir()
    for name, code in files.items():
        (folder / f"{name}.py").write_text(code)
    return folder


NAMED = "import torch\nfrom layers import NAME\nclass Net(torch.nn.Module):\n    name = NAME\n"


def test_modules_of_two_pipelines_do_not_clash(tmp_path: Path) -> None:
    first = write(tmp_path / "first", nets=NAMED, layers="NAME = 'first'\n")
    second = write(tmp_path / "second", nets=NAMED, layers="NAME = 'second'\n")
    assert build(first, "nets:Net").name == "first"
    assert build(second, "nets:Net").name == "second"
    assert build(first, "nets:Net").name == "first"


def test_modules_of_the_program_stay_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = write(tmp_path / "program", layers="NAME = 'program'\n")
    folder = write(tmp_path / "pipeline", nets=NAMED, layers="NAME = 'pipeline'\n")
    monkeypatch.syspath_prepend(str(own))
    import layers  # type: ignore[import-not-found]

    path = list(sys.path)
    assert build(folder, "nets:Net").name == "pipeline"
    assert sys.modules["layers"] is layers
    assert sys.path == path


def test_the_import_path_is_searched_after_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = write(tmp_path / "installed", installed_nets=CODE)
    monkeypatch.syspath_prepend(str(installed))
    assert build(write(tmp_path / "empty"), "installed_nets:Net", width=2).layer.weight.shape == (1, 2)


def test_packages_beside_the_pipeline_work(tmp_path: Path) -> None:
    write(
        tmp_path / "zoo", __init__="", nets="from .layers import NAME\n" + NAMED.replace("from layers", "from .layers")
    )
    (tmp_path / "zoo" / "layers.py").write_text("NAME = 'inner'\n")
    assert build(tmp_path, "zoo.nets:Net").name == "inner"
