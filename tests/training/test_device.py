import pytest
import torch

from volopt.training import device
from volopt.training.device import PRECISIONS, ran_out_of_memory, release_memory, reproducible


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
