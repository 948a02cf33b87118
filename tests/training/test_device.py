import pytest
import torch

from volopt.errors import UsageError
from volopt.training import device
from volopt.training.device import PRECISIONS, ran_out_of_memory, release_memory, reproducible, resolve


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


@pytest.mark.parametrize("cell", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("able", [False, True])
def test_medium_precision_is_matmul_precision_for_rnn_and_autocast_for_the_others_where_the_cpu_has_bfloat16(
    cell: str, precision: str, able: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "cpu_has_bfloat16", lambda: able)
    with reproducible("cpu", precision, cell):
        assert torch.get_float32_matmul_precision() == precision
        assert torch.is_autocast_enabled("cpu") is (able and precision == "medium" and cell != "RNN")


def test_a_cpu_without_instructions_for_bfloat16_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for facts in ({}, {"avx512_bf16": False}):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda facts=facts: facts)
        assert not device.cpu_has_bfloat16()


def test_one_thread_adds_up_in_one_order_whatever_the_caller_uses() -> None:
    torch.set_num_threads(2)
    with reproducible("cpu"):
        assert torch.get_num_threads() == 1


@pytest.mark.parametrize("fails", [False, True])
def test_torchs_settings_and_generator_are_left_as_they_were_even_by_an_error(fails: bool) -> None:
    torch.set_num_threads(2)
    matmul = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    generator = torch.get_rng_state()
    try:
        with reproducible("cpu", "medium", "LSTM"):
            torch.manual_seed(12345)
            if fails:
                raise KeyError
    except KeyError:
        assert fails
    finally:
        found = torch.get_num_threads(), torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision(matmul)
    assert found == (2, "high")
    assert torch.equal(torch.get_rng_state(), generator)
    assert not torch.is_autocast_enabled("cpu")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("std::bad_alloc"),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    ],
    ids=str,
)
def test_errors_of_memory_are_known_by_kind_or_by_their_words(error: Exception) -> None:
    assert ran_out_of_memory(error)


@pytest.mark.parametrize(
    "error",
    [RuntimeError("mat1 and mat2 shapes cannot be multiplied"), ValueError("out of memory"), KeyError()],
    ids=repr,
)
def test_other_errors_are_no_errors_of_memory(error: Exception) -> None:
    assert not ran_out_of_memory(error)


def test_what_torch_keeps_of_a_gpus_memory_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    emptied: list[str] = []
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: emptied.append("cuda"))
    release_memory("cpu")
    assert emptied == []
    release_memory("cuda:1")
    assert emptied == ["cuda"]
