"""Times networks in atelier and in the runtimes that are installed, by turns.

    python3 speed.py --atelier PROGRAM --models FOLDER [--sizes 256 512] [--threads 1 2]
"""

import argparse
import json
import math
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np

import engines
import generators
import measure

OURS = {"atelier": [], "atelier fast": ["--precision", "fast"]}
FLOAT32 = ("onnxruntime", "openvino f32", "ncnn", "torch")
PACKAGES = ["onnxruntime", "openvino", "ncnn", "pnnx", "torch", "numpy"]


def milliseconds(a, engine: str, model: Path, source: Path, threads: int) -> float:
    """The median of one process; NaN, with a word about it, if the engine cannot do it."""
    if engine in OURS:
        size = np.load(source, mmap_mode="r").shape[-1]
        command = [a.atelier, "model", "bench", model, "--size", size, "--threads", threads]
        command += ["--repeats", a.repeats, *OURS[engine]]
    else:
        command = [sys.executable, engines.__file__, engine, model, source, threads, a.repeats]
    try:
        return float(measure.run(command, threads).text.split()[-1])
    except RuntimeError as error:
        print(f"{engine}, {model.stem}: {error}", file=sys.stderr)
        return math.nan


def differences(a, names: list[str], model: Path, source: Path, scratch: Path) -> dict[str, float]:
    """The largest difference of each engine from ONNX Runtime, in parts of the result's range."""
    results = {}
    target = scratch / "output.npy"
    for name in names:
        command = [sys.executable, engines.__file__, name, model, source, 1, 1, target]
        if name in OURS:
            command = [a.atelier, "model", "run", model, *OURS[name]]
            command += ["--input", source, "--output", target]
        try:
            measure.run(command)
            results[name] = np.load(target)
        except RuntimeError as error:
            print(f"{name}, {model.stem}: {error}", file=sys.stderr)
    reference = results.pop("onnxruntime", None)
    if reference is None:
        return {}
    return {n: float(abs(y - reference).max() / np.ptp(reference)) for n, y in results.items()}


def available(a, model: Path) -> list[str]:
    """The engines that can be measured; the others are named on standard error."""
    names = ["atelier"]
    if a.precision:
        trial = [a.atelier, "model", "bench", model, "--size", 256, "--repeats", 1]
        try:
            measure.run(trial + OURS["atelier fast"])
            names.append("atelier fast")
        except RuntimeError:
            print("atelier fast is left out: the program does not know it", file=sys.stderr)
    for name in engines.ENGINES:
        if package := engines.missing(name):
            print(f"{name} is left out: {package} is not installed", file=sys.stderr)
        else:
            names.append(name)
    return names


def ratio(row: dict, peers: list[str], ours: list[str]) -> float:
    """How many times the fastest of the peers' time is that of the fastest of ours."""
    def fastest(names):
        return min((row[n] for n in names if not math.isnan(row[n])), default=math.nan)

    return fastest(peers) / fastest(ours)


def mean(ratios: list[float]) -> float:
    """The geometric mean of what could be measured."""
    return statistics.geometric_mean([r for r in ratios if not math.isnan(r)] or [math.nan])


def report(rows: list[dict], names: list[str]) -> None:
    """Prints the times, the fastest peer at float32 in bold, and the ratios."""
    peers = [n for n in names if n not in OURS]
    single = [n for n in peers if n in FLOAT32]
    fast = [n for n in names if n in OURS]
    lines = []
    for row in rows:
        row["ratio"] = ratio(row, single, ["atelier"])
        row["ratio at any precision"] = ratio(row, peers, fast)
        best = min(single, key=lambda n: (math.isnan(row[n]), row[n]), default="")
        times = [f"{row[n]:.4g}" for n in names]
        times = [f"**{t}**" if n == best else t for n, t in zip(names, times)]
        ratios = [f"{row['ratio']:.2f}", f"{row['ratio at any precision']:.2f}"]
        lines.append([row["model"], str(row["size"]), str(row["threads"]), *times, *ratios])
    means = [f"{mean([r[key] for r in rows]):.2f}" for key in ("ratio", "ratio at any precision")]
    lines.append(["geometric mean", "", "", *([""] * len(names)), *means])
    head = ["network", "size", "threads", *(f"{n} ms" for n in names)]
    measure.table(head + ["fastest f32 peer ÷ atelier", "at any precision"], lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--atelier", required=True, type=Path)
    parser.add_argument("--models", required=True, type=Path)
    parser.add_argument("--only", nargs="+", default=generators.REFERENCES)
    parser.add_argument("--sizes", nargs="+", type=int, default=[256, 512])
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--precision", choices=["fast"], help="also measure atelier so")
    parser.add_argument("--json", type=Path)
    a = parser.parse_args()
    generators.write_missing(a.models, a.only)
    names = available(a, a.models / f"{a.only[0]}.onnx")
    rows, errors = [], {}
    with tempfile.TemporaryDirectory() as scratch:
        for name in a.only:
            model = a.models / f"{name}.onnx"
            for size in a.sizes:
                source = Path(scratch) / f"{name}-{size}.npy"
                shape = (1, generators.channels(name), size, size)
                np.save(source, np.random.default_rng(7).random(shape, np.float32))
                if size == a.sizes[0]:
                    errors[name] = differences(a, names, model, source, Path(scratch))
                for threads in a.threads:
                    rounds = [
                        {n: milliseconds(a, n, model, source, threads) for n in names}
                        for _ in range(a.rounds)
                    ]
                    times = {n: statistics.median(r[n] for r in rounds) for n in names}
                    rows.append({"model": name, "size": size, "threads": threads, **times})
                    print(rows[-1], file=sys.stderr)
    report(rows, names)
    print("\nLargest difference from ONNX Runtime, in parts of the range of the result:\n")
    others = [n for n in names if n != "onnxruntime"]
    measure.table(["network", *others], [
        [name, *(f"{found.get(n, math.nan):.1e}" for n in others)] for name, found in errors.items()
    ])
    print(f"\n{measure.machine(PACKAGES)}")
    if a.json:
        found = {"machine": measure.machine(PACKAGES), "times": rows, "differences": errors}
        a.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
