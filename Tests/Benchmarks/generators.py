"""Writes the reference generators as ONNX files with seeded random weights.

    python3 generators.py OUT_FOLDER [NAME …]
"""

import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from torch import nn
from torch.nn import functional as F


class Residual(nn.Sequential):
    """Adds what its layers compute, scaled, to their input."""

    def __init__(self, *layers, scale: float = 1.0):
        super().__init__(*layers)
        self.scale = scale

    def forward(self, x):
        y = super().forward(x)
        return x + (y if self.scale == 1 else y * self.scale)


class Compact(nn.Module):
    """SRVGG compact (Wang et al., "Real-ESRGAN", 2021): all layers at the small size."""

    def __init__(self, scale: int, channels: int = 64, depth: int = 16):
        super().__init__()
        layers = [nn.Conv2d(3, channels, 3, padding=1), nn.PReLU(channels)]
        for _ in range(depth):
            layers += [nn.Conv2d(channels, channels, 3, padding=1), nn.PReLU(channels)]
        layers += [nn.Conv2d(channels, 3 * scale * scale, 3, padding=1), nn.PixelShuffle(scale)]
        self.detail = nn.Sequential(*layers)
        self.enlarge = nn.Upsample(scale_factor=scale)

    def forward(self, x):
        return self.detail(x) + self.enlarge(x)


def padded(inputs: int, outputs: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    """A convolution over a reflected border."""
    return [nn.ReflectionPad2d(kernel // 2), nn.Conv2d(inputs, outputs, kernel, stride)]


def cyclegan() -> nn.Module:
    """ResNet-9 (Zhu et al., "Unpaired image-to-image translation", 2017)."""

    def norm(channels):
        return [nn.InstanceNorm2d(channels), nn.ReLU()]

    layers = padded(3, 64, 7) + norm(64)
    for c in (64, 128):
        layers += [nn.Conv2d(c, 2 * c, 3, 2, 1)] + norm(2 * c)
    for _ in range(9):
        inner = padded(256, 256, 3) + norm(256) + padded(256, 256, 3) + norm(256)[:1]
        layers += [Residual(*inner)]
    for c in (256, 128):
        layers += [nn.ConvTranspose2d(c, c // 2, 3, 2, 1, output_padding=1)] + norm(c // 2)
    return nn.Sequential(*layers, *padded(64, 3, 7), nn.Tanh())


class Skip(nn.Sequential):
    """Puts its input beside what its layers compute."""

    def forward(self, x):
        return torch.cat([x, super().forward(x)], 1)


def unet() -> nn.Module:
    """U-Net-256 (Isola et al., "Image-to-image translation", 2017): eight times halved."""

    def down(inputs, outputs):
        return nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False)

    def up(inputs, outputs, bias=False):
        return nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=bias)

    level = Skip(nn.LeakyReLU(0.2), down(512, 512), nn.ReLU(), up(512, 512), nn.BatchNorm2d(512))
    for outer, inner in ((512, 512), (512, 512), (512, 512), (256, 512), (128, 256), (64, 128)):
        level = Skip(
            nn.LeakyReLU(0.2), down(outer, inner), nn.BatchNorm2d(inner), level,
            nn.ReLU(), up(2 * inner, outer), nn.BatchNorm2d(outer),
        )
    return nn.Sequential(down(3, 64), level, nn.ReLU(), up(128, 3, bias=True), nn.Tanh())


def fast_style() -> nn.Module:
    """Fast style transfer (Johnson et al., "Perceptual losses", 2016), by resize-convolutions."""

    def norm(channels):
        return [nn.InstanceNorm2d(channels, affine=True), nn.ReLU()]

    layers = []
    for inputs, outputs, kernel, stride in ((3, 32, 9, 1), (32, 64, 3, 2), (64, 128, 3, 2)):
        layers += padded(inputs, outputs, kernel, stride) + norm(outputs)
    for _ in range(5):
        inner = padded(128, 128, 3) + norm(128) + padded(128, 128, 3) + norm(128)[:1]
        layers += [Residual(*inner)]
    for c in (128, 64):
        layers += [nn.Upsample(scale_factor=2), *padded(c, c // 2, 3), *norm(c // 2)]
    return nn.Sequential(*layers, *padded(32, 3, 9))


class DenseBlock(nn.Module):
    """Five convolutions of which each sees all before it; the inner part of RRDB."""

    def __init__(self, channels: int = 64, growth: int = 32):
        super().__init__()
        widths = [growth] * 4 + [channels]
        self.layers = nn.ModuleList(
            nn.Conv2d(channels + growth * i, w, 3, padding=1) for i, w in enumerate(widths)
        )

    def forward(self, x):
        seen = x
        for layer in self.layers[:-1]:
            seen = torch.cat([seen, F.leaky_relu(layer(seen), 0.2)], 1)
        return self.layers[-1](seen)


def rrdb(blocks: int = 4) -> nn.Module:
    """RRDB ×4 (Wang et al., "ESRGAN", 2018) with 4 instead of 23 blocks."""

    def same(outputs=64):
        return nn.Conv2d(64, outputs, 3, padding=1)

    def block():
        return Residual(*(Residual(DenseBlock(), scale=0.2) for _ in range(3)), scale=0.2)

    layers = [nn.Conv2d(3, 64, 3, padding=1)]
    layers += [Residual(*(block() for _ in range(blocks)), same())]
    for _ in range(2):
        layers += [nn.Upsample(scale_factor=2), same(), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, same(), nn.LeakyReLU(0.2), same(3))


def fsrcnn() -> nn.Module:
    """FSRCNN(56, 12, 4) ×2 on luma (Dong et al., "Accelerating the SRCNN", 2016)."""
    layers = [nn.Conv2d(1, 56, 5, padding=2), nn.PReLU(56), nn.Conv2d(56, 12, 1), nn.PReLU(12)]
    for _ in range(4):
        layers += [nn.Conv2d(12, 12, 3, padding=1), nn.PReLU(12)]
    layers += [nn.Conv2d(12, 56, 1), nn.PReLU(56)]
    return nn.Sequential(*layers, nn.ConvTranspose2d(56, 1, 9, 2, 4, output_padding=1))


NETWORKS = {
    "srvgg_x4": lambda: Compact(4),
    "cyclegan_resnet9": cyclegan,
    "pix2pix_unet256": unet,
    "fast_style": fast_style,
    "rrdb_x4_lite": rrdb,
    "fsrcnn_x2": fsrcnn,
    "compact_x2": lambda: Compact(2),
}
REFERENCES = [name for name in NETWORKS if name != "compact_x2"]


def channels(name: str) -> int:
    """How many channels the network's input has."""
    return 1 if name == "fsrcnn_x2" else 3


def build(name: str) -> nn.Module:
    """The network with its fixed weights, ready to run."""
    random = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    network = NETWORKS[name]().eval().requires_grad_(False)
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            terms = module.weight[0].numel()
            if isinstance(module, nn.ConvTranspose2d):
                terms = module.weight[:, 0].numel() / module.stride[0] ** 2
            module.weight.normal_(0, (1.6 / terms) ** 0.5, generator=random)
            if module.bias is not None:
                module.bias.uniform_(-0.05, 0.05, generator=random)
        elif isinstance(module, nn.PReLU):
            module.weight.uniform_(0.05, 0.35, generator=random)
        elif getattr(module, "weight", None) is not None:
            module.weight.uniform_(0.8, 1.25, generator=random)
            module.bias.uniform_(-0.1, 0.1, generator=random)
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.1, 0.1, generator=random)
            module.running_var.uniform_(0.8, 1.25, generator=random)
    return network


def fold(model: onnx.ModelProto) -> None:
    """Replaces what depends on constants only by its value."""
    graph = model.graph
    values = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    kept = []
    for node in graph.node:
        if any(name and name not in values for name in node.input) or (
            not node.input and node.op_type != "Constant"
        ):
            kept.append(node)
            continue
        known = [numpy_helper.from_array(values[n], n) for n in set(node.input) if n]
        outputs = [helper.make_empty_tensor_value_info(name) for name in node.output]
        alone = helper.make_graph([node], "constant", [], outputs, known)
        part = helper.make_model(alone, opset_imports=model.opset_import)
        for name, value in zip(node.output, ReferenceEvaluator(part).run(None, {})):
            values[name] = np.asarray(value)
    used = dict.fromkeys(n for node in kept for n in node.input if n in values)
    del graph.node[:], graph.initializer[:]
    graph.node.extend(kept)
    graph.initializer.extend(numpy_helper.from_array(values[n], n) for n in used)


def write(name: str, folder: Path) -> Path:
    """Exports a network with free height and width."""
    path = folder / f"{name}.onnx"
    free = {2: "height", 3: "width"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            build(name), (torch.zeros(1, channels(name), 256, 256),), str(path), dynamo=False,
            opset_version=17, input_names=["input"], output_names=["output"],
            dynamic_axes={"input": free, "output": {2: "rows", 3: "columns"}},
        )
    model = onnx.load(path)
    fold(model)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def write_missing(folder: Path, names=NETWORKS) -> None:
    """Writes those of the networks that the folder does not have."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        if not (folder / f"{name}.onnx").exists():
            print(write(name, folder), file=sys.stderr)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    write_missing(Path(sys.argv[1]), sys.argv[2:] or NETWORKS)
