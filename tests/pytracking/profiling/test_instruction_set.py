"""The name of a processor's instruction set, against the flags that Linux reports."""

import platform
from pathlib import Path

import pytest

from pytracking.profiling.instruction_set import instruction_set


@pytest.mark.parametrize(
    ("capabilities", "name"),
    [
        ({"architecture": "x86_64", "sse4_1": True, "avx": True, "avx2": True, "avx512_f": False}, "AVX2"),
        ({"avx2": True, "avx_vnni": True}, "AVX2, AVX-VNNI"),
        ({"avx2": True, "avx512_f": True}, "AVX-512"),
        (
            {"avx2": True, "avx512_f": True, "avx512_vnni": True, "avx512_bf16": True, "amx_tile": True},
            "AVX-512, VNNI, BF16, AMX",
        ),
        ({"architecture": "arm64", "neon": True, "dot": True, "bf16": False}, "NEON, DOT"),
        ({"architecture": "riscv"}, "no vector instructions known"),
    ],
)
def test_names_the_widest_instructions_and_those_of_low_precision(capabilities: dict[str, object], name: str) -> None:
    assert instruction_set(capabilities, {}) == name
    assert instruction_set(capabilities, {"ONEDNN_MAX_CPU_ISA": "AVX2"}) == f"{name}; ONEDNN_MAX_CPU_ISA=AVX2"


@pytest.mark.skipif(platform.machine() != "x86_64" or not Path("/proc/cpuinfo").is_file(), reason="Linux on x86 only")
def test_names_what_linux_reports() -> None:
    flags = Path("/proc/cpuinfo").read_text().partition("flags")[2].partition("\n")[0].split()
    name = instruction_set(environment={})
    assert ("AVX-512" in name) == ("avx512f" in flags)
    assert name.startswith("AVX2") == ("avx2" in flags and "avx512f" not in flags)
    assert ("VNNI" in name) == ("avx512_vnni" in flags or "avx_vnni" in flags)
