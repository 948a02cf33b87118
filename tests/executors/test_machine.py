import pytest
import torch

from volopt.errors import UsageError
from volopt.executors.machine import resolve


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.mark.usefixtures("no_gpu")
def test_auto_is_the_cpu_where_there_is_no_gpu() -> None:
    assert resolve("auto") == resolve("cpu") == "cpu"


@pytest.mark.usefixtures("two_gpus")
def test_auto_is_the_gpu_where_there_is_one_and_a_device_by_name_is_itself() -> None:
    assert resolve("auto") == "cuda"
    assert [resolve(name) for name in ("cpu", "cuda", "cuda:0", "cuda:1")] == ["cpu", "cuda", "cuda:0", "cuda:1"]


@pytest.mark.usefixtures("no_gpu")
@pytest.mark.parametrize("name", ["cuda", "cuda:0"])
def test_a_gpu_that_is_not_there_is_refused_with_what_to_use(name: str) -> None:
    with pytest.raises(UsageError, match="PyTorch sees none") as caught:
        resolve(name)
    assert "cpu" in caught.value.hint


@pytest.mark.usefixtures("two_gpus")
def test_a_gpu_past_the_last_is_refused_with_their_number() -> None:
    with pytest.raises(UsageError, match="cuda:2: there are 2 CUDA devices"):
        resolve("cuda:2")


@pytest.mark.usefixtures("two_gpus")
@pytest.mark.parametrize(
    "name", ["", "gpu", "CPU", "cpu:0", "auto:1", "cpu:", "cuda:", "cuda:one", "cuda:-1", "cuda:²"]
)
def test_a_name_of_no_device_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="is not a device") as caught:
        resolve(name)
    assert "cuda:0" in caught.value.hint
