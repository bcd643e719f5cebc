"""Kubernetes quantities as whole numbers, so that they can be compared and added up exactly."""

from __future__ import annotations

MEMORY_UNITS = {
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
}
"""Bytes per unit (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/).

The unit `m` is left out: `400m` of memory is 0.4 bytes to Kubernetes, and always a mistake.
"""


def millicores(cpu: str) -> int:
    """Return a `CpuQuantity` in thousandths of a core: `500m` is 500, `1.5` is 1500."""
    if cpu.endswith("m"):
        return int(cpu[:-1])
    whole, _, fraction = cpu.partition(".")
    return int(whole) * 1000 + int(fraction.ljust(3, "0"))


def in_bytes(memory: str) -> int:
    """Return a `MemoryQuantity` in bytes: `64Mi` is 67108864."""
    number = memory.rstrip("KMGTik")
    return int(number) * MEMORY_UNITS[memory[len(number) :]]


def as_cpu(amount: int) -> str:
    """Return thousandths of a core as Kubernetes writes them: 2000 is `2`, 1500 is `1500m`."""
    return f"{amount}m" if amount % 1000 else str(amount // 1000)


def as_memory(amount: int) -> str:
    """Return bytes in the largest binary unit that holds them, rounded up: 67108864 is `64Mi`."""
    for unit in ("Ti", "Gi", "Mi"):
        if amount % MEMORY_UNITS[unit] == 0:
            return f"{amount // MEMORY_UNITS[unit]}{unit}"
    return f"{-(-amount // MEMORY_UNITS['Ki'])}Ki"
