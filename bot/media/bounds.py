"""The bounds of a process that opens files from strangers."""

import os
import resource


def bind_process(*, memory: int, cpu_seconds: int, file_bytes: int) -> None:
    """Lower this process's priority and its limits for good; memory is address space, in bytes."""
    os.nice(15)
    for limit, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(limit)[1]
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (bound, bound))
