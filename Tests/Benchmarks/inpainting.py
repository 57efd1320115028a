"""Fills scratches and blobs in photos: atelier against OpenCV's inpainting.

    python3 inpainting.py --atelier PROGRAM --model MODEL --photos FOLDER [--held-out CARD.json]

Prints the PSNR of what was filled: of the mean square error over the channels of all hole pixels of
all photos, and the mean of the photos' own. OpenCV's radius is the better of those that are tried.
"""

import argparse
import json
import math
import tempfile
import zlib
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

import measure

ENDINGS = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp"}
PEERS = {"Telea": cv2.INPAINT_TELEA, "Navier-Stokes": cv2.INPAINT_NS}
FINENESS = 4  # masks are drawn so many times larger


def scratches(width: int, height: int, random: np.random.Generator) -> Image.Image:
    """Ten thin lines from side to side, every other one slightly bent."""
    size = np.array([width, height])
    mask = Image.new("L", tuple(FINENESS * size))
    draw = ImageDraw.Draw(mask)
    t = np.linspace(0, 1, 65)[:, None]
    for index in range(10):
        # From an axis' low end to its high end, anywhere along the other axis.
        start, end = random.random((2, 2)) * size
        axis = random.integers(2)
        start[axis], end[axis] = 0, size[axis]
        bend = 2 * random.uniform(-0.1, 0.1) * (end - start)[::-1] * (1, -1) * (index % 2)
        middle = (start + end) / 2 + bend
        line = (1 - t) ** 2 * start + 2 * t * (1 - t) * middle + t**2 * end
        thickness = round(FINENESS * random.uniform(1.5, 4))
        draw.line([tuple(point) for point in FINENESS * line], 255, thickness, joint="curve")
    return mask


def blobs(width: int, height: int, random: np.random.Generator) -> Image.Image:
    """Six unions of circles, about 64 pixels across, away from the border."""
    mask = Image.new("L", (FINENESS * width, FINENESS * height))
    draw = ImageDraw.Draw(mask)
    for _ in range(6):
        middle = random.uniform(34, (width - 34, height - 34))
        turn = random.uniform(0, math.tau)
        circles = [(middle, 20)]
        for corner in range(5):
            radius = random.uniform(10, 20)
            angle = turn + (corner + random.uniform(-0.3, 0.3)) * math.tau / 5
            direction = np.array([math.cos(angle), math.sin(angle)])
            circles.append((middle + (32 - radius) * direction, radius))
        for center, radius in circles:
            box = [*(center - radius), *(center + radius)]
            draw.ellipse([FINENESS * side for side in box], 255)
    return mask


def thresholded(mask: Image.Image) -> np.ndarray:
    """A finely drawn mask at its own size: 255 where at least half of a pixel is covered."""
    return np.where(np.asarray(mask.reduce(FINENESS)) >= 128, 255, 0).astype(np.uint8)


def cropped(photo: Path, side: int) -> np.ndarray:
    """The middle of a photo, in RGB."""
    with Image.open(photo) as image:
        width, height = (min(length, side) for length in image.size)
        left, top = (image.width - width) // 2, (image.height - height) // 2
        return np.asarray(image.convert("RGB").crop((left, top, left + width, top + height)))


def atelier(a, damaged: np.ndarray, mask: np.ndarray, scratch: Path) -> np.ndarray:
    """A picture whose holes atelier has filled."""
    photo, hole, result = (scratch / f"{name}.png" for name in ("photo", "hole", "result"))
    Image.fromarray(damaged).save(photo)
    Image.fromarray(mask).save(hole)
    chain = ["inpaint", f"mask={hole}", f"model={a.model}", "grow=0", "feather=0"]
    measure.run([a.atelier, "run", photo, "-o", result, "--", *chain])
    return np.asarray(Image.open(result).convert("RGB"))


def psnr(error: float) -> float:
    """Decibels of a mean square error of values up to 255."""
    return 10 * math.log10(255**2 / error) if error > 0 else math.inf


class Score:
    """Errors of one program in the holes of many pictures."""

    def __init__(self):
        self.errors, self.counts = [], []

    def add(self, result: np.ndarray, original: np.ndarray, mask: np.ndarray) -> None:
        difference = (result.astype(float) - original)[mask > 0]
        self.errors.append(np.square(difference).sum())
        self.counts.append(difference.size)

    @property
    def pooled(self) -> float:
        return psnr(sum(self.errors) / sum(self.counts))

    @property
    def mean(self) -> float:
        return float(np.mean([psnr(e / n) for e, n in zip(self.errors, self.counts)]))


def chosen(a) -> list[str]:
    """The names of the photos to measure on, in the folder."""
    if a.held_out:
        held = json.loads(a.held_out.read_text())["training"]["heldOut"]
        names = [name for name in held if (a.photos / name).exists()]
    else:
        names = sorted(p.name for p in a.photos.iterdir() if p.suffix.lower() in ENDINGS)
    if not names:
        raise SystemExit(f"{a.photos}: expected a folder of photos, found none in it")
    return names[: a.first]


def compare(a, kind: str, draw, names: list[str], scratch: Path) -> list[list[str]]:
    """The rows of the table for one kind of holes."""
    ours = Score()
    theirs = {peer: {radius: Score() for radius in a.radii} for peer in PEERS}
    for name in names:
        original = cropped(a.photos / name, a.side)
        height, width, _ = original.shape
        mask = thresholded(draw(width, height, np.random.default_rng(zlib.crc32(name.encode()))))
        damaged = np.where(mask[..., None] > 0, 0, original).astype(np.uint8)
        ours.add(atelier(a, damaged, mask, scratch), original, mask)
        for peer, method in PEERS.items():
            for radius, score in theirs[peer].items():
                score.add(cv2.inpaint(damaged, mask, radius, method), original, mask)
    rows = [[kind, "atelier", f"{ours.pooled:.2f}", f"{ours.mean:.2f}"]]
    for peer, scores in theirs.items():
        radius = max(scores, key=lambda r: scores[r].pooled)
        best = scores[radius]
        rows.append([kind, f"{peer}, radius {radius}", f"{best.pooled:.2f}", f"{best.mean:.2f}"])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--atelier", required=True, type=Path)
    parser.add_argument("--photos", required=True, type=Path)
    parser.add_argument("--model", required=True, help="a model's name, or an ONNX file")
    parser.add_argument("--first", type=int, help="measure on the first photos only")
    parser.add_argument("--held-out", type=Path, help="a card: measure on the photos it names")
    parser.add_argument("--side", type=int, default=512, help="of the photos' middle, at most")
    parser.add_argument("--radii", nargs="+", type=int, default=[3, 5])
    a = parser.parse_args()
    names = chosen(a)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for kind, draw in {"scratches": scratches, "blobs": blobs}.items():
            rows += compare(a, kind, draw, names, Path(folder))
    print(f"\nHoles in {len(names)} photos, at most {a.side} × {a.side}:\n")
    measure.table(["holes", "program", "PSNR, dB", "mean of the photos' PSNR, dB"], rows)
    print(f"\n{measure.machine(['opencv-python-headless', 'numpy', 'pillow'])}")


if __name__ == "__main__":
    main()
