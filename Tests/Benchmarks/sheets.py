"""Makes a comparison sheet of every model: a photo before and after, whole and where it differs most.

    python3 sheets.py --atelier PROGRAM --models FOLDER --photo PHOTO --out FOLDER [--reference PAINTING]

Prints how long each edit took, and its peak memory. What a model mends is done to the photo first:
scratches and spots for inpainting; colorization takes the photo as grey.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

import measure

Image.MAX_IMAGE_PIXELS = None


def damage(photo: Path, folder: Path) -> tuple[Path, Path]:
    """The photo with white scratches and spots, and the mask of them."""
    picture = Image.open(photo).convert("RGB")
    mask = Image.new("L", picture.size)
    draw = ImageDraw.Draw(mask)
    random = np.random.default_rng(1)
    for _ in range(30):
        start = random.random(2) * picture.size
        end = start + random.normal(0, 0.3 * min(picture.size), 2)
        draw.line([tuple(start), tuple(end)], 255, int(random.integers(2, 7)))
    for _ in range(8):
        middle = random.uniform(0.1, 0.9, 2) * picture.size
        radii = random.uniform(16, 40, 2)
        draw.ellipse([*(middle - radii), *(middle + radii)], 255)
    picture.paste((255, 255, 255), mask=mask)
    paths = folder / "damaged.png", folder / "mask.png"
    picture.save(paths[0], compress_level=1)
    mask.save(paths[1])
    return paths


def chains(card: dict, mask: Path, reference: Path | None) -> dict[str, list[str]]:
    """The chains that show what a model does, by the names of their sheets."""
    name, model = card["name"], f"model={card['name']}"
    match card["task"]:
        case "super-resolution":
            return {name: ["super-resolution", model]}
        case "style-transfer":
            return {name: ["style-transfer", model]}
        case "style-transfer-any" if reference:
            return {name: ["style-transfer", model, f"reference={reference}"]}
        case "colorization":
            return {name: ["colorize", model, "desaturate=yes"]}
        case "inpainting":
            return {name: ["inpaint", model, f"mask={mask}"]}
        case "translation":
            back = [part for part in card.get("networks", {}) if part != "style"]
            there = {name: ["translate", model]}
            return there | {f"{name}-{b}": ["translate", model, f"direction={b}"] for b in back}
    return {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--atelier", required=True, type=Path)
    parser.add_argument("--models", required=True, type=Path)
    parser.add_argument("--photo", required=True, type=Path)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--reference", type=Path, help="a painting, for models that take any")
    parser.add_argument("--only", nargs="+", help="names of models")
    a = parser.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    rows = []
    with tempfile.TemporaryDirectory(dir=a.out) as scratch:
        damaged, mask = damage(a.photo, Path(scratch))
        for path in sorted(a.models.glob("*/card.json")):
            card = json.loads(path.read_text())
            if a.only and card["name"] not in a.only:
                continue
            shown = chains(card, mask, a.reference)
            if not shown:
                print(f"{card['name']} is left out: nothing to show it with", file=sys.stderr)
            before = damaged if card["task"] == "inpainting" else a.photo
            for name, chain in shown.items():
                after, sheet = Path(scratch) / "after.tif", a.out / f"{name}.png"
                run = measure.run([a.atelier, "run", before, "-o", after, "--", *chain])
                measure.run([a.atelier, "compare", before, after, "--sheet", sheet])
                rows.append([name, f"{run.seconds:.1f}", f"{run.mebibytes:.0f}", sheet.name])
    width, height = Image.open(a.photo).size
    print(f"{a.photo.name}, {width} × {height}:\n")
    measure.table(["model", "seconds", "peak MiB", "sheet"], rows)
    print(f"\n{measure.machine()}")


if __name__ == "__main__":
    main()
