"""The peers: each opens a model for one input shape and gives a function that runs it.

As a program it times one of them, in a process of its own:

    python3 engines.py ENGINE MODEL INPUT.npy THREADS REPEATS [OUTPUT.npy]
"""

import importlib.util
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np


def onnxruntime(model: Path, shape: tuple, threads: int):
    """ONNX Runtime with all optimizations of the graph."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda x: session.run(None, {name: x})[0]


def openvino(model: Path, shape: tuple, threads: int, precision: str | None = None):
    """OpenVINO with its own choice of precision, which is bfloat16 where the processor has it."""
    import openvino as ov

    core = ov.Core()
    network = core.read_model(str(model))
    network.reshape(list(shape))
    settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads}
    if precision:
        settings["INFERENCE_PRECISION_HINT"] = precision
    request = core.compile_model(network, "CPU", settings).create_infer_request()

    def infer(x):
        request.set_input_tensor(ov.Tensor(x, shared_memory=True))
        request.infer()
        return request.get_output_tensor(0).data

    return infer


def openvino_float32(model: Path, shape: tuple, threads: int):
    """OpenVINO held to float32."""
    return openvino(model, shape, threads, "f32")


def converted(model: Path, shape: tuple) -> Path:
    """The model in ncnn's format, kept beside the ONNX file."""
    size = "x".join(str(n) for n in shape)
    folder = model.parent / "ncnn" / f"{model.stem}-{size}"
    result = folder / "model.ncnn.param"
    if not result.exists():
        program = shutil.which("pnnx") or str(Path(sys.executable).parent / "pnnx")
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            shutil.copy(model, f"{scratch}/model.onnx")
            shape_word = f"inputshape=[{','.join(str(n) for n in shape)}]"
            subprocess.run(
                [program, "model.onnx", shape_word, "fp16=0"],
                cwd=scratch, check=True, capture_output=True,
            )
            for end in ("bin", "param"):
                shutil.move(f"{scratch}/model.ncnn.{end}", folder)
    return result


def ncnn(model: Path, shape: tuple, threads: int):
    """ncnn at float32, with Winograd convolutions."""
    import ncnn

    parameters = converted(model, shape)
    network = ncnn.Net()
    network.opt.num_threads = threads
    for kind in ("fp16", "bf16", "int8"):
        for use in ("packed", "storage", "arithmetic"):
            if hasattr(network.opt, f"use_{kind}_{use}"):
                setattr(network.opt, f"use_{kind}_{use}", False)
    weights = parameters.with_suffix(".bin")
    if network.load_param(str(parameters)) or network.load_model(str(weights)):
        raise RuntimeError("ncnn cannot load the converted model")
    source, target = network.input_names()[0], network.output_names()[0]

    def extract(x):
        extractor = network.create_extractor()
        extractor.input(source, ncnn.Mat(x[0]))
        return np.array(extractor.extract(target)[1])[None]

    return extract


def torch(model: Path, shape: tuple, threads: int):
    """PyTorch, eager, channels last in memory."""
    import generators
    import torch

    torch.set_num_threads(threads)
    network = generators.build(model.stem).to(memory_format=torch.channels_last)

    def forward(x):
        with torch.inference_mode():
            return network(torch.from_numpy(x).to(memory_format=torch.channels_last)).numpy()

    return forward


ENGINES = {
    "onnxruntime": onnxruntime,
    "openvino f32": openvino_float32,
    "ncnn": ncnn,
    "torch": torch,
    "openvino default": openvino,
}


def missing(engine: str) -> str | None:
    """The package that an engine lacks."""
    needed = [engine.split()[0]] + (["pnnx"] if engine == "ncnn" else [])
    return next((name for name in needed if importlib.util.find_spec(name) is None), None)


def main(
    engine: str, model: str, source: str, threads: str, repeats: str, target: str = ""
) -> None:
    """Prints the median of the times of some runs, in milliseconds."""
    x = np.load(source)
    compute = ENGINES[engine](Path(model), x.shape, int(threads))
    y = compute(x)
    if target:
        np.save(target, np.ascontiguousarray(y))
    times = []
    for _ in range(int(repeats)):
        start = time.perf_counter()
        compute(x)
        times.append(time.perf_counter() - start)
    print(1000 * statistics.median(times))


if __name__ == "__main__":
    main(*sys.argv[1:])
