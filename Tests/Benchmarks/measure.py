"""Runs programs and says how long they took and what they needed."""

import datetime
import importlib.metadata
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

LIMITS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VIPS_CONCURRENCY")


class Run(NamedTuple):
    """What one run of a program took."""

    seconds: float
    mebibytes: float
    text: str


def run(command: list, threads: int | None = None) -> Run:
    """Runs a program to its end; one that fails is an error with its last words."""
    limits = {} if threads is None else dict.fromkeys(LIMITS, str(threads))
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        child = subprocess.Popen(
            [str(word) for word in command], stdout=output, stderr=errors, env=os.environ | limits
        )
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for file in (output, errors):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
    if child.returncode != 0:
        raise RuntimeError(texts[1].strip()[-400:] or f"exit code {child.returncode}")
    return Run(seconds, usage.ru_maxrss / 1024, texts[0])


def median(runs: list[Run]) -> Run:
    """The run whose time is in the middle, with the largest memory of all."""
    middle = sorted(runs, key=lambda r: r.seconds)[(len(runs) - 1) // 2]
    seconds = statistics.median(r.seconds for r in runs)
    return middle._replace(seconds=seconds, mebibytes=max(r.mebibytes for r in runs))


def table(head: list[str], rows: list[list[str]]) -> None:
    """Prints a Markdown table."""
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)


def machine(packages: list[str] = ()) -> str:
    """The processor, the versions of the packages, and the day, in one line."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    processor = next((l.split(":")[1].strip() for l in lines if l.startswith("model name")), "CPU")
    cores = len(os.sched_getaffinity(0))
    versions = [f"Python {sys.version.split()[0]}"]
    for package in packages:
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            pass
    return f"{processor}, {cores} cores; {', '.join(versions)}; {datetime.date.today()}"
