"""Times steps of training in atelier and in PyTorch, by turns, each in a fresh process.

    python3 training.py --atelier PROGRAM [--threads 1 2] [--rounds 5]

PyTorch computes on the CPU in float32 with its fused Adam, in the layout of its tensors that is the
faster one for a system, which a trial finds out.
"""

import argparse
import json
import statistics
import sys
from pathlib import Path

import measure
import steps

SYSTEMS = {"super-resolution": 16, "pix2pix": 1, "resnet-9": 1, "dcgan": 16}
LAYOUTS = ("contiguous", "channels_last")


def ours(a, system: str, batch: int, threads: int) -> measure.Run:
    """One process of ours, its median in milliseconds as seconds."""
    command = [a.atelier, "bench", "train", "--system", system, "--batch", batch]
    command += ["--threads", threads, "--repeats", a.repeats, "--json"]
    run = measure.run(command, threads)
    return run._replace(seconds=json.loads(run.text)[0]["milliseconds"] / 1000)


def theirs(a, system: str, batch: int, threads: int, layout: str) -> measure.Run:
    """The same of PyTorch."""
    command = [sys.executable, steps.__file__, system, batch, threads, a.repeats, layout]
    run = measure.run(command, threads)
    return run._replace(seconds=float(run.text) / 1000)


def compare(a, system: str, batch: int, threads: int) -> dict:
    """The medians of both, and that of the ratios of neighbouring runs."""
    trials = {layout: theirs(a, system, batch, threads, layout).seconds for layout in LAYOUTS}
    layout = min(trials, key=trials.get)
    pairs = [
        (ours(a, system, batch, threads), theirs(a, system, batch, threads, layout))
        for _ in range(a.rounds)
    ]
    own, other = (measure.median(list(runs)) for runs in zip(*pairs))
    return {
        "system": system,
        "batch": batch,
        "threads": threads,
        "atelier ms": 1000 * own.seconds,
        "torch ms": 1000 * other.seconds,
        "layout": layout,
        "ratio": statistics.median(t.seconds / o.seconds for o, t in pairs),
        "atelier MiB": own.mebibytes,
        "torch MiB": other.mebibytes,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--atelier", required=True, type=Path)
    parser.add_argument("--only", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    parser.add_argument("--batch", type=int, help="samples of a step in place of the usual ones")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--json", type=Path)
    a = parser.parse_args()
    rows = []
    for system in a.only:
        for threads in a.threads:
            rows.append(compare(a, system, a.batch or SYSTEMS[system], threads))
            print(rows[-1], file=sys.stderr)
    head = ["system", "batch", "threads", "atelier ms", "torch ms", "torch's layout"]
    measure.table(head + ["torch ÷ atelier", "atelier MiB", "torch MiB"], [
        [
            row["system"], str(row["batch"]), str(row["threads"]), f"{row['atelier ms']:.1f}",
            f"{row['torch ms']:.1f}", row["layout"], f"{row['ratio']:.2f}",
            f"{row['atelier MiB']:.0f}", f"{row['torch MiB']:.0f}",
        ]
        for row in rows
    ])
    print(f"\n{measure.machine(['torch'])}")
    if a.json:
        a.json.write_text(json.dumps({"machine": measure.machine(["torch"]), "rows": rows}))


if __name__ == "__main__":
    main()
