"""Runs programs and says how long they took and what they needed."""

import datetime
import importlib.metadata
import os
import statistics
import subprocess
import sys
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
    """Runs a program to its end; one that fails is an error with its last words.

    A small process between starts it: a child's peak memory counts that of its parent at the start.
    """
    limits = {} if threads is None else dict.fromkeys(LIMITS, str(threads))
    words = [sys.executable, __file__, *(str(word) for word in command)]
    done = subprocess.run(words, capture_output=True, env=os.environ | limits)
    output, errors = (text.decode(errors="replace") for text in (done.stdout, done.stderr))
    if done.returncode != 0:
        raise RuntimeError(errors.strip()[-400:] or f"exit code {done.returncode}")
    seconds, kibibytes = errors.split()[-2:]
    return Run(float(seconds), float(kibibytes) / 1024, output)


def launch(command: list[str]) -> int:
    """Runs a program and adds its seconds and peak KiB to standard error."""
    start = time.perf_counter()
    child = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code == 0:
        print(f"\n{time.perf_counter() - start} {usage.ru_maxrss}", file=sys.stderr)
    return abs(code)


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


if __name__ == "__main__":
    sys.exit(launch(sys.argv[1:]))
