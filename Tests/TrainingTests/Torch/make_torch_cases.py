"""Writes cases.json: what PyTorch makes of the operations that the tests compare.

    python make_torch_cases.py > cases.json

Needs torch and numpy; everything is computed in float64 and rounded to seven digits.
"""
import json
import math

import torch
import torch.nn.functional as F

torch.manual_seed(1)
torch.set_default_dtype(torch.float64)


def numbers(tensor):
    return [float(f"{x:.7g}") for x in tensor.detach().reshape(-1).tolist()]


def stored(tensor):
    return {"shape": list(tensor.shape), "values": numbers(tensor)}


def random(*shape, positive=False):
    x = torch.rand(shape) * 0.9 + 0.1
    return x if positive else x * (torch.randint(0, 2, shape) * 2 - 1)


def layer_norm_by_deviation(x, scale, shift):
    flat = x.reshape(x.shape[0], -1)
    mean, deviation = flat.mean(1), flat.std(1)
    y = (x - mean[:, None, None, None]) / (deviation[:, None, None, None] + 1e-5)
    return y * scale[:, None, None] + shift[:, None, None]


def adaptive(x, scale, shift):
    return F.instance_norm(x) * scale[:, :, None, None] + shift[:, :, None, None]


def attention(q, k, v):
    return v @ torch.softmax(q.transpose(1, 2) @ k, 2).transpose(1, 2)


# name of the operation in the tests: (function, shapes, whether its inputs are positive)
OPERATIONS = {
    "exp": (torch.exp, [[2, 3, 7]], False),
    "log": (torch.log, [[2, 3, 7]], True),
    "tanh": (lambda x: torch.tanh(3 * x), [[2, 3, 7]], False),
    "sigmoid": (lambda x: torch.sigmoid(3 * x), [[2, 3, 7]], False),
    "softplus": (lambda x: F.softplus(5 * x), [[2, 3, 7]], False),
    "leakyRelu": (lambda x: F.leaky_relu(x, 0.2), [[2, 3, 7]], False),
    "elu": (F.elu, [[2, 3, 7]], False),
    "prelu": (F.prelu, [[2, 3, 3, 5], [3]], False),
    "reflectPad": (lambda x: F.pad(x, (3, 3, 3, 3), "reflect"), [[2, 2, 4, 7]], False),
    "replicatePad": (lambda x: F.pad(x, (4, 0, 1, 2), "replicate"), [[2, 2, 4, 7]], False),
    "nearest": (lambda x: F.interpolate(x, scale_factor=2), [[2, 2, 3, 5]], False),
    "nearestToSize": (lambda x: F.interpolate(x, (7, 4)), [[2, 2, 3, 5]], False),
    "bilinear": (
        lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"), [[2, 2, 3, 5]], False),
    "bilinearSmaller": (lambda x: F.interpolate(x, (4, 6), mode="bilinear"), [[1, 2, 9, 11]], False),
    "averagePoolPadded": (
        lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False), [[2, 2, 7, 9]], False),
    "maxPoolOverlapping": (lambda x: F.max_pool2d(x, 3, 2, 1), [[2, 2, 7, 9]], False),
    "pixelShuffle": (lambda x: F.pixel_shuffle(x, 2), [[2, 8, 3, 5]], False),
    "pixelUnshuffle": (lambda x: F.pixel_unshuffle(x, 2), [[2, 2, 4, 6]], False),
    "linear": (F.linear, [[3, 5], [7, 5], [7]], False),
    "attention": (attention, [[2, 3, 5], [2, 3, 5], [2, 4, 5]], False),
    "convolution": (
        lambda x, w, b: F.conv2d(x, w, b, padding=1), [[2, 3, 5, 7], [4, 3, 3, 3], [4]], False),
    "convolutionStrided": (
        lambda x, w, b: F.conv2d(x, w, b, 2, 1), [[2, 3, 7, 9], [4, 3, 3, 3], [4]], False),
    "convolutionDilated": (
        lambda x, w: F.conv2d(x, w, None, 1, 2, 2), [[1, 3, 9, 9], [4, 3, 3, 3]], False),
    "convolutionGrouped": (
        lambda x, w, b: F.conv2d(x, w, b, 1, 1, 1, 2), [[2, 4, 5, 7], [6, 2, 3, 3], [6]], False),
    "convolution4s2": (
        lambda x, w, b: F.conv2d(x, w, b, 2, 1), [[1, 5, 8, 10], [5, 5, 4, 4], [5]], False),
    "transposed4s2": (
        lambda x, w, b: F.conv_transpose2d(x, w, b, 2, 1),
        [[1, 3, 4, 5], [3, 4, 4, 4], [4]], False),
    "transposed3s2": (
        lambda x, w, b: F.conv_transpose2d(x, w, b, 2, 1, 1),
        [[2, 3, 4, 5], [3, 4, 3, 3], [4]], False),
    "transposedGrouped": (
        lambda x, w, b: F.conv_transpose2d(x, w, b, 2, 1, 0, 2),
        [[2, 4, 3, 5], [4, 3, 3, 3], [6]], False),
    "instanceNormAffine": (
        lambda x, s, b: F.instance_norm(x, None, None, s, b), [[2, 3, 5, 7], [3], [3]], False),
    "adaptiveInstanceNorm": (adaptive, [[2, 3, 5, 7], [2, 3], [2, 3]], False),
    "batchNorm": (
        lambda x, s, b: F.batch_norm(x, None, None, s, b, True), [[2, 3, 5, 7], [3], [3]], False),
    "layerNormByDeviation": (layer_norm_by_deviation, [[2, 3, 5, 7], [3], [3]], False),
    "logSoftmax": (lambda x: F.log_softmax(3 * x, 1), [[4, 5]], False),
    "crossEntropy": (
        lambda x: F.cross_entropy(3 * x, torch.tensor([4, 0, 2, 2])), [[4, 5]], False),
    "inverseFourier": (
        lambda a, b: torch.fft.irfft2(torch.complex(a, b), (5, 6), norm="ortho"),
        [[1, 2, 5, 4], [1, 2, 5, 4]], False),
}


def operation_case(name, function, shapes, positive):
    inputs = [random(*shape, positive=positive).requires_grad_() for shape in shapes]
    # What is stored is what is computed with.
    inputs = [torch.tensor(numbers(x)).reshape(x.shape).requires_grad_() for x in inputs]
    y = function(*inputs)
    weights = torch.tensor(numbers(random(*y.shape))).reshape(y.shape)
    gradients = torch.autograd.grad((y * weights).sum(), inputs)
    return {
        "name": name,
        "inputs": [stored(x) for x in inputs],
        "output": stored(y),
        "weights": stored(weights),
        "gradients": [stored(g) for g in gradients],
    }


def critic(x, p):
    h = F.leaky_relu(F.conv2d(x, p[0], p[1], 2, 1), 0.2)
    h = F.leaky_relu(F.instance_norm(F.conv2d(h, p[2], p[3], 2, 1)), 0.2)
    return F.conv2d(h, p[4], p[5], 1, 1)


def penalty_cases():
    shapes = [[4, 2, 4, 4], [4], [5, 4, 4, 4], [5], [1, 5, 3, 3], [1]]
    parameters = [torch.tensor(numbers(random(*s) * 0.5)).reshape(s).requires_grad_() for s in shapes]
    real = torch.tensor(numbers(random(3, 2, 12, 12))).reshape(3, 2, 12, 12)
    fake = torch.tensor(numbers(random(3, 2, 12, 12))).reshape(3, 2, 12, 12)
    shares = torch.tensor([0.3, 0.8, 0.5])
    mixed = shares[:, None, None, None]
    results = {
        "parameters": [stored(p) for p in parameters],
        "real": stored(real), "fake": stored(fake), "shares": stored(shares),
    }
    for name in ["interpolated", "real"]:
        x = (real * mixed + fake * (1 - mixed) if name == "interpolated" else real).detach()
        x.requires_grad_()
        d = critic(x, parameters).mean((1, 2, 3)).sum()
        g = torch.autograd.grad(d, x, create_graph=True)[0].reshape(3, -1)
        loss = ((g.norm(dim=1) - 1) ** 2).mean() if name == "interpolated" else (g * g).sum(1).mean()
        gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
        results[name + "Loss"] = loss.item()
        results[name + "Gradients"] = [
            stored(torch.zeros_like(p) if g is None else g)
            for p, g in zip(parameters, gradients)]
    return results


def optimizer_cases():
    start = torch.tensor([0.5, -1.5, 2.0])
    target = torch.tensor([1.0, 0.25, -0.5])
    makers = {
        "adam": lambda p: torch.optim.Adam(p, 0.1, (0.5, 0.999)),
        "adamDecay": lambda p: torch.optim.Adam(p, 0.1, (0.9, 0.99), weight_decay=0.1),
        "adamW": lambda p: torch.optim.AdamW(p, 0.1, (0.9, 0.99), weight_decay=0.1),
        "rmsProp": lambda p: torch.optim.RMSprop(p, 0.05, 0.9),
        "momentum": lambda p: torch.optim.SGD(p, 0.002, 0.9, weight_decay=0.01),
    }
    results = {"start": numbers(start), "target": numbers(target), "paths": {}}
    for name, make in makers.items():
        w = start.clone().requires_grad_()
        optimizer = make([w])
        path = []
        for _ in range(8):
            optimizer.zero_grad()
            ((w - target) ** 4).sum().backward()
            optimizer.step()
            path.append(numbers(w))
        results["paths"][name] = path
    return results


print(json.dumps({
    "torch": torch.__version__,
    "operations": [operation_case(n, *o) for n, o in OPERATIONS.items()],
    "penalties": penalty_cases(),
    "optimizers": optimizer_cases(),
}, separators=(",", ":")))
