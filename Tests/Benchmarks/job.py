"""Measures whole jobs, from a photo to a TIFF: atelier against tile loops around runtimes.

    python3 job.py --atelier PROGRAM --models FOLDER --photo FILE [--scaling]
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import engines
import generators
import measure
import tiles

PEERS = ["onnxruntime", "openvino f32", "openvino default", "ncnn"]


def atelier(a, model: Path, photo: Path, result: Path) -> measure.Run:
    """One job in atelier."""
    chain = ["super-resolution", f"model={model.resolve()}", "range=unit", "channels=rgb"]
    command = [a.atelier, "run", photo, "-o", result, "--threads", a.threads, "--", *chain]
    return measure.run(command, a.threads)


def peer(a, engine: str, tile: int, model: Path, photo: Path, result: Path) -> measure.Run:
    """One job in a tile loop whose margin is the network's receptive field."""
    facts = json.loads(measure.run([a.atelier, "model", "info", model, "--json"]).text)["picture"]
    command = [sys.executable, tiles.__file__, engine, model, photo, result]
    return measure.run([*command, tile, facts["halo"], facts["scale"], a.threads], a.threads)


def difference(one: Path, other: Path) -> int:
    """The largest difference of two pictures' pixels."""
    a, b = (np.asarray(Image.open(path)).astype(np.int16) for path in (one, other))
    return int(abs(a - b).max())


def job(a, model: Path, photo: Path, scratch: Path) -> None:
    """Measures one job by turns and prints its table; a peer's tile is its best one."""
    contenders = [(e, t) for e in a.peers if not engines.missing(e) for t in a.tiles]
    ours, theirs = scratch / "ours.tif", scratch / "theirs.tif"
    runs = {contender: [] for contender in [("atelier", 0), *contenders]}
    largest = {}
    for _ in range(a.rounds):
        runs["atelier", 0].append(atelier(a, model, photo, ours))
        for engine, tile in list(contenders):
            try:
                runs[engine, tile].append(peer(a, engine, tile, model, photo, theirs))
                largest[engine, tile] = difference(ours, theirs)
            except RuntimeError as error:
                print(f"{engine} is left out: {error}", file=sys.stderr)
                contenders.remove((engine, tile))
                del runs[engine, tile]
    found = {contender: measure.median(several) for contender, several in runs.items()}
    mine = found["atelier", 0]
    lines = [["atelier", "", f"{mine.seconds:.2f}", f"{mine.mebibytes:.0f}", "", "", ""]]
    for engine in dict.fromkeys(e for e, _ in contenders):
        tile = min((t for e, t in contenders if e == engine), key=lambda t: found[engine, t].seconds)
        best = found[engine, tile]
        lines.append([
            engine, str(tile), f"{best.seconds:.2f}", f"{best.mebibytes:.0f}",
            f"{best.seconds / mine.seconds:.2f}", f"{best.mebibytes / mine.mebibytes:.2f}",
            str(largest[engine, tile]),
        ])
    width, height = Image.open(photo).size
    print(f"\n{model.stem}, {width} × {height}, {a.threads} threads:\n")
    head = ["program", "tile", "seconds", "peak MiB", "time ÷ atelier", "memory ÷ atelier"]
    measure.table(head + ["largest difference of a pixel"], lines)


def resized(photo: Path, megapixels: float, target: Path) -> Path:
    """The photo with about so many megapixels."""
    with Image.open(photo) as image:
        factor = (megapixels * 1e6 / (image.width * image.height)) ** 0.5
        size = round(image.width * factor), round(image.height * factor)
        image.convert("RGB").resize(size).save(target, quality=95)
    return target


def cropped(photo: Path, megapixels: float, target: Path) -> Path:
    """A square of the photo's middle with so many megapixels, or as many as there are."""
    with Image.open(photo) as image:
        side = min(round((megapixels * 1e6) ** 0.5), *image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        image.convert("RGB").crop((left, top, left + side, top + side)).save(target, quality=95)
    return target


def scaling(a, model: Path, scratch: Path) -> None:
    """Prints what a megapixel costs in pictures of several sizes, and in strips."""
    lines = []
    for megapixels in a.megapixels:
        photo = resized(a.photo, megapixels, scratch / "resized.jpg")
        runs = [atelier(a, model, photo, scratch / "ours.tif") for _ in range(a.rounds)]
        found = measure.median(runs)
        each = f"{found.seconds / megapixels:.3f}"
        lines.append([f"{megapixels:g}", f"{found.seconds:.2f}", each, f"{found.mebibytes:.0f}"])
    print(f"\n{model.stem} in atelier, {a.threads} threads:\n")
    measure.table(["megapixels", "seconds", "seconds per megapixel", "peak MiB"], lines)
    bench = [a.atelier, "model", "bench", model, "--size", a.side, "--threads", a.threads]
    strips = {strip: [] for strip in (64, a.side)}
    for _ in range(a.rounds):
        for strip, times in strips.items():
            times.append(float(measure.run([*bench, "--strip", strip]).text.split()[-1]))
    print(f"\n{model.stem}, {a.side} × {a.side}, in strips and whole:\n")
    rows = [[str(strip), f"{statistics.median(times):.1f}"] for strip, times in strips.items()]
    measure.table(["rows in a strip", "ms"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--atelier", required=True, type=Path)
    parser.add_argument("--models", required=True, type=Path)
    parser.add_argument("--photo", required=True, type=Path)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--tiles", nargs="+", type=int, default=[256, 512])
    parser.add_argument("--peers", nargs="+", default=PEERS, choices=PEERS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--crop", type=float, default=4, help="megapixels for the large network")
    parser.add_argument("--scaling", action="store_true", help="measure several sizes instead")
    parser.add_argument("--megapixels", nargs="+", type=float, default=[1, 4, 16, 64])
    parser.add_argument("--side", type=int, default=1024, help="of the picture in strips")
    a = parser.parse_args()
    generators.write_missing(a.models, ["compact_x2", "rrdb_x4_lite"])
    compact, rrdb = (a.models / f"{name}.onnx" for name in ("compact_x2", "rrdb_x4_lite"))
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        if a.scaling:
            scaling(a, compact, scratch)
        else:
            job(a, compact, a.photo, scratch)
            job(a, rrdb, cropped(a.photo, a.crop, scratch / "crop.jpg"), scratch)
    print(f"\n{measure.machine(['onnxruntime', 'openvino', 'numpy', 'pillow'])}")


if __name__ == "__main__":
    main()
