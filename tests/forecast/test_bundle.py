"""What a bundle holds, and that a changed or broken one is refused."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

import builders
import untrained
from volopt.errors import DataError
from volopt.forecast import bundle
from volopt.forecast.bundle import Bundle
from volopt.forecast.predict import predict_days
from volopt.forecast.refit import RefitResult

UNTIL = date(2017, 12, 29)
FILES = ("SHA256SUMS", "bundle.json", "errors.safetensors", "seed-0.safetensors", "seed-1.safetensors")


@pytest.fixture(scope="module")
def made(refitted: Callable[[date | None], RefitResult]) -> Bundle:
    return refitted(UNTIL).bundle


@pytest.fixture(scope="module")
def written(made: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("bundles") / "forecaster"
    bundle.write(made, directory, more={}, force=False)
    return directory


@pytest.fixture
def copy(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "forecaster"))


def edit(directory: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change bundle.json and its sum, as an attacker would."""
    facts = json.loads((directory / bundle.FACTS).read_text())
    change(facts)
    replace_file(directory, bundle.FACTS, json.dumps(facts).encode())


def replace_file(directory: Path, name: str, content: bytes) -> None:
    """Write a file and its sum."""
    (directory / name).write_bytes(content)
    lines = [line for line in (directory / bundle.SUMS).read_text().splitlines() if not line.endswith(f"  {name}")]
    lines.append(f"{hashlib.sha256(content).hexdigest()}  {name}")
    (directory / bundle.SUMS).write_text("\n".join(lines))


def test_a_bundle_is_read_as_it_was_written(made: Bundle, written: Path) -> None:
    assert tuple(sorted(path.name for path in written.iterdir())) == FILES
    read = bundle.read(written)
    assert read.facts == made.facts
    assert read.definition == made.definition
    assert (read.until, read.config) == (UNTIL, made.config)
    for arrays, expected in zip(read.weights, made.weights, strict=True):
        assert arrays.keys() == expected.keys()
        assert all((arrays[name] == expected[name]).all() for name in arrays)
    np.testing.assert_array_equal(read.errors["SH600000"], made.errors["SH600000"])


def test_nothing_in_it_is_a_pickle(written: Path) -> None:
    assert {path.suffix for path in written.iterdir()} == {"", ".json", ".safetensors"}
    assert not any(path.read_bytes().startswith((b"\x80", b"PK")) for path in written.iterdir())


def test_sha256sum_verifies_it(written: Path) -> None:
    subprocess.run(["sha256sum", "--check", "--strict", bundle.SUMS], cwd=written, check=True, capture_output=True)


@given(st.data())
@settings(max_examples=60)
def test_any_changed_byte_is_noticed(
    written: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    directory = Path(shutil.copytree(written, tmp_path_factory.mktemp("changed") / "forecaster"))
    path = directory / data.draw(st.sampled_from(FILES))
    content = bytearray(path.read_bytes())
    index = data.draw(st.integers(0, len(content.rstrip()) - 1))  # white space after the last line has no meaning
    content[index] = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[index]))
    path.write_bytes(content)
    with pytest.raises(DataError):
        bundle.read(directory)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_reported(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(DataError, match=f"{name} is missing|there is no bundle"):
        bundle.read(copy)


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_a_foreign_format_is_reported(copy: Path, version: object) -> None:
    edit(copy, lambda facts: facts.update(format=version))
    with pytest.raises(DataError, match=r"has the bundle format .*, and this volopt reads format 1") as caught:
        bundle.read(copy)
    assert "volopt refit" in caught.value.hint


@pytest.mark.parametrize("name", ["../errors.safetensors", "/etc/passwd", "seed-0.pt", "a/seed-0.safetensors", ""])
def test_a_file_outside_is_not_touched(copy: Path, name: str) -> None:
    (copy.parent / "errors.safetensors").write_bytes(b"outside")
    with (copy / bundle.SUMS).open("a") as file:
        file.write(f"{hashlib.sha256(b'outside').hexdigest()}  {name}\n")
    with pytest.raises(DataError, match="which does not list a file of a bundle"):
        bundle.read(copy)


def test_a_link_that_leads_outside_is_not_followed(copy: Path) -> None:
    outside = copy.parent / "outside"
    (copy / "seed-1.safetensors").replace(outside)
    (copy / "seed-1.safetensors").symlink_to(outside)
    with pytest.raises(DataError, match="leads out of"):
        bundle.read(copy)


@pytest.mark.parametrize(
    "change",
    [
        lambda facts: facts.update(until="tomorrow"),
        lambda facts: facts.update(until="2017-02-30"),
        lambda facts: facts["instruments"][0].update(days=[], values=[]),
        lambda facts: facts.update(seeds=[]),
        lambda facts: facts.update(seeds=[0, 1, 2]),
        lambda facts: facts.update(more=1),
        lambda facts: facts.update(params={"window": 6}),
        lambda facts: facts.update(params={"window": float(facts["params"]["window"])}),
        lambda facts: facts.update(params={"window": 8, "hidden_size": 4096}),
        lambda facts: facts.update(params={}),
        lambda facts: facts["data"].pop("provider"),
        lambda facts: facts.pop("instruments"),
        lambda facts: facts["instruments"][0].update(center=[0.0]),
        lambda facts: facts["instruments"][0].update(scale=[0.0, 1.0, 1.0]),
        lambda facts: facts["instruments"][0].update(name="SZ000001"),
        lambda facts: facts["instruments"][0].update(name="../SH600000"),
        lambda facts: facts["instruments"][0]["values"].pop(),
        lambda facts: facts["definition"].pop("data"),
        lambda facts: facts["definition"].update(format=9),
        lambda facts: facts["definition"]["data"].update(features=["__import__('os')"]),
    ],
)
def test_invalid_facts_are_refused_even_with_a_right_sum(
    copy: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    edit(copy, change)
    with pytest.raises(DataError, match=r"the bundle .* is broken"):
        bundle.read(copy)


@pytest.mark.parametrize("name", ["bundle.json", "errors.safetensors", "seed-0.safetensors"])
@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"format": 1}'])
def test_a_file_of_another_kind_is_refused_even_with_a_right_sum(copy: Path, name: str, content: bytes) -> None:
    replace_file(copy, name, content)
    with pytest.raises(DataError, match=r"the bundle .* is broken"):
        bundle.read(copy)


def test_weights_of_another_network_in_memory_are_refused() -> None:
    made = untrained.bundle(builders.dataset(), hidden_size=3)
    made.weights = untrained.bundle(builders.dataset(), hidden_size=5).weights
    with pytest.raises(DataError, match="do not fit its network"):
        list(made.networks())


def test_weights_of_another_network_are_refused(copy: Path, sample: Path) -> None:
    replace_file(copy, "seed-0.safetensors", save({"weights.head.bias": np.zeros(3, np.float32)}))
    with pytest.raises(DataError, match="the weights of the bundle do not fit its network"):
        predict_days(bundle.read(copy), sample, None, UNTIL, 1, (), 0.8)


def test_weights_that_are_not_finite_are_refused(copy: Path, made: Bundle) -> None:
    replace_file(
        copy, "seed-0.safetensors", save({**made.weights[0], "weights.head.bias": np.array([np.nan], np.float32)})
    )
    with pytest.raises(DataError, match="not finite"):
        bundle.read(copy)


def test_only_a_bundle_is_replaced_and_only_by_force(made: Bundle, copy: Path) -> None:
    with pytest.raises(DataError, match="already exists"):
        bundle.write(made, copy, more={}, force=False)
    (copy / "seed-0.safetensors").write_bytes(b"broken")
    bundle.write(made, copy, more={}, force=True)
    bundle.read(copy)
    assert [path.name for path in copy.parent.iterdir()] == ["forecaster"]
    other = copy.parent / "other"
    other.mkdir()
    with pytest.raises(DataError, match="already exists"):
        bundle.write(made, other, more={}, force=True)


def test_a_directory_that_cannot_be_written_leaves_nothing(made: Bundle, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        bundle.write(made, tmp_path / "file" / "forecaster", more={}, force=False)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
