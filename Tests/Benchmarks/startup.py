"""Measures how long small jobs take from the start of the process to its end.

    python3 startup.py --atelier PROGRAM [--rounds 20]
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import measure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--atelier", required=True, type=Path)
    parser.add_argument("--rounds", type=int, default=20)
    a = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        photo, result = Path(scratch) / "photo.png", Path(scratch) / "larger.png"
        noise = np.random.default_rng(7).integers(0, 256, (256, 256, 3), np.uint8)
        Image.fromarray(noise).save(photo)
        chain = ["--", "super-resolution", "scale=2"]
        jobs = {
            "`--help`": [a.atelier, "--help"],
            "256 × 256 PNG, twice as large": [a.atelier, "run", photo, "-o", result, *chain],
        }
        runs = {name: [] for name in jobs}
        for _ in range(a.rounds):
            for name, command in jobs.items():
                runs[name].append(measure.run(command))
    found = {name: measure.median(several) for name, several in runs.items()}
    lines = [[n, f"{1000 * r.seconds:.1f}", f"{r.mebibytes:.0f}"] for n, r in found.items()]
    measure.table(["job", "ms", "peak MiB"], lines)
    print(f"\n{measure.machine()}")


if __name__ == "__main__":
    main()
