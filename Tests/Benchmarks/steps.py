"""Whole steps of training in PyTorch, as BenchmarkSystem.swift has them.

    python3 steps.py SYSTEM BATCH THREADS REPEATS FORMAT

FORMAT is contiguous or channels_last. Prints the median of the times, in milliseconds.
"""

import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


class Residual(nn.Module):
    """Layers whose result is added to what they are given."""

    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return x + self.layers(x)


def sr_residual(f: int, blocks: int, scale: int) -> nn.Module:
    def block():
        first, second = (nn.Conv2d(f, f, 3, padding=1) for _ in range(2))
        return Residual(first, nn.PReLU(f), second)

    return nn.Sequential(
        nn.Conv2d(3, f, 3, padding=1),
        Residual(*(block() for _ in range(blocks)), nn.Conv2d(f, f, 3, padding=1)),
        nn.Conv2d(f, 3 * scale**2, 3, padding=1),
        nn.PixelShuffle(scale),
    )


def residual_generator(f: int, blocks: int) -> nn.Module:
    def convolution(inputs, outputs, kernel):
        return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, padding_mode="reflect")

    def ending(width):
        return [nn.InstanceNorm2d(width), nn.ReLU(inplace=True)]

    layers = [convolution(3, f, 7), *ending(f)]
    for width in (f, 2 * f):
        layers += [nn.Conv2d(width, 2 * width, 3, 2, 1), *ending(2 * width)]
    for _ in range(blocks):
        first, second = (convolution(4 * f, 4 * f, 3) for _ in range(2))
        layers += [Residual(first, *ending(4 * f), second, nn.InstanceNorm2d(4 * f))]
    for width in (4 * f, 2 * f):
        layers += [nn.ConvTranspose2d(width, width // 2, 3, 2, 1, 1), *ending(width // 2)]
    return nn.Sequential(*layers, convolution(f, 3, 7), nn.Tanh())


class UNetBlock(nn.Module):
    """One level of a U-Net."""

    def __init__(self, inputs, width, outputs, inner, outermost, dropout):
        super().__init__()
        down = [] if outermost else [nn.LeakyReLU(0.2)]
        down.append(nn.Conv2d(inputs, width, 4, 2, 1))
        if inner and not outermost:
            down.append(nn.BatchNorm2d(width))
        up = [nn.ReLU(), nn.ConvTranspose2d(2 * width if inner else width, outputs, 4, 2, 1)]
        up.append(nn.Tanh() if outermost else nn.BatchNorm2d(outputs))
        if dropout:
            up.append(nn.Dropout(0.5))
        middle = [inner] if inner else []
        self.layers = nn.Sequential(*down, *middle, *up)
        self.outermost = outermost

    def forward(self, x):
        y = self.layers(x)
        return y if self.outermost else torch.cat([x, y], 1)


def unet(f: int, levels: int) -> nn.Module:
    widths = [f * min(8, 1 << level) for level in range(levels)]
    block = None
    for level in reversed(range(levels)):
        outside = widths[level - 1] if level else 3
        dropout = 4 <= level < levels - 1
        block = UNetBlock(outside, widths[level], outside, block, level == 0, dropout)
    return block


def patch_discriminator(inputs: int, f: int, halvings: int) -> nn.Module:
    layers = [nn.Conv2d(inputs, f, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True)]
    widths = [f * min(8, 1 << level) for level in range(halvings + 1)]
    for level in range(1, halvings + 1):
        stride = 2 if level < halvings else 1
        layers += [
            nn.Conv2d(widths[level - 1], widths[level], 4, stride, 1, bias=False),
            nn.BatchNorm2d(widths[level]),
            nn.LeakyReLU(0.2, inplace=True),
        ]
    return nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, 4, 1, 1))


def noise_generator(width: int) -> nn.Module:
    layers = [nn.ConvTranspose2d(100, 8 * width, 4, bias=False)]
    for factor in (8, 4, 2):
        layers += [
            nn.BatchNorm2d(factor * width),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(factor * width, factor * width // 2, 4, 2, 1, bias=False),
        ]
    layers += [nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.ConvTranspose2d(width, 3, 4, 2, 1, bias=False), nn.Tanh())


def noise_discriminator(width: int) -> nn.Module:
    layers = [nn.Conv2d(3, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True)]
    for factor in (1, 2, 4):
        layers += [
            nn.Conv2d(factor * width, 2 * factor * width, 4, 2, 1, bias=False),
            nn.BatchNorm2d(2 * factor * width),
            nn.LeakyReLU(0.2, inplace=True),
        ]
    return nn.Sequential(*layers, nn.Conv2d(8 * width, 1, 4, bias=False))


def optimizer(network: nn.Module, rate: float = 2e-4, beta1: float = 0.5):
    return torch.optim.Adam(network.parameters(), rate, (beta1, 0.999), fused=True)


def descend(loss, own) -> None:
    own.zero_grad(set_to_none=True)
    loss.backward()
    own.step()


def regression(network: nn.Module, x, target):
    own = optimizer(network, 1e-4, 0.9)
    return lambda: descend(F.l1_loss(network(x), target), own)


def adversarial(generate, judge, condition, real, generator, more):
    """The discriminator's step, then the generator's, for which the discriminator stands still."""
    own, other = optimizer(generator), optimizer(judge)

    def step():
        result = generate()
        judge.requires_grad_(True)
        verdict = F.softplus(-judge(condition(real))).mean()
        verdict = verdict + F.softplus(judge(condition(result.detach()))).mean()
        descend(verdict, other)
        judge.requires_grad_(False)
        descend(F.softplus(-judge(condition(result))).mean() + more(result), own)

    return step


def step(system: str, batch: int, layout: torch.memory_format):
    """One step of a system, to be repeated."""
    def placed(value):
        return value.to(memory_format=layout)

    def pictures(side):
        return placed(torch.rand(batch, 3, side, side))

    if system == "super-resolution":
        return regression(placed(sr_residual(32, 8, 2)), pictures(64), pictures(128))
    if system == "resnet-9":
        return regression(placed(residual_generator(32, 9)), pictures(128), pictures(128))
    if system == "pix2pix":
        generator, judge = placed(unet(64, 7)), placed(patch_discriminator(6, 64, 3))
        x, target = pictures(128), pictures(128)
        return adversarial(
            lambda: generator(x), judge, lambda y: torch.cat([x, y], 1), target, generator,
            lambda y: 100 * F.l1_loss(y, target),
        )
    generator, judge = placed(noise_generator(64)), placed(noise_discriminator(64))
    return adversarial(
        lambda: generator(placed(torch.randn(batch, 100, 1, 1))), judge, lambda y: y, pictures(64),
        generator, lambda y: 0,
    )


def main(system: str, batch: str, threads: str, repeats: str, layout: str) -> None:
    torch.set_num_threads(int(threads))
    torch.manual_seed(1)
    formats = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
    run = step(system, int(batch), formats[layout])
    times = []
    for _ in range(int(repeats) + 2):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    print(1000 * statistics.median(times[2:]))


if __name__ == "__main__":
    main(*sys.argv[1:])
