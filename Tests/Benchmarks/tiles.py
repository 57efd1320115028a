"""Puts a photo through a network tile by tile, as one would by hand around a runtime.

    python3 tiles.py ENGINE MODEL PHOTO RESULT.tif TILE MARGIN SCALE THREADS
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

import engines

Image.MAX_IMAGE_PIXELS = None


def spans(length: int, tile: int, margin: int):
    """The tiles of one side, each with the start of the window of constant size around it."""
    window = min(length, tile + 2 * margin)
    for start in range(0, length, tile):
        yield start, min(start + tile, length), min(max(start - margin, 0), length - window)


def main(engine: str, model: str, photo: str, result: str, *numbers: str) -> None:
    """Reads the photo, computes every tile with an exact margin, and writes the result."""
    tile, margin, scale, threads = (int(n) for n in numbers)
    pixels = np.asarray(Image.open(photo).convert("RGB"))
    height, width, _ = pixels.shape
    rows, columns = min(height, tile + 2 * margin), min(width, tile + 2 * margin)
    compute = engines.ENGINES[engine](Path(model), (1, 3, rows, columns), threads)
    larger = np.empty((height * scale, width * scale, 3), np.uint8)
    for top, bottom, row in spans(height, tile, margin):
        for left, right, column in spans(width, tile, margin):
            window = pixels[row : row + rows, column : column + columns]
            x = np.ascontiguousarray(window.transpose(2, 0, 1)[None], np.float32) / 255
            y = compute(x)[
                0, :, (top - row) * scale : (bottom - row) * scale,
                (left - column) * scale : (right - column) * scale,
            ]
            part = np.rint(y.clip(0, 1) * 255).astype(np.uint8).transpose(1, 2, 0)
            larger[top * scale : bottom * scale, left * scale : right * scale] = part
    Image.fromarray(larger).save(result)


if __name__ == "__main__":
    main(*sys.argv[1:])
