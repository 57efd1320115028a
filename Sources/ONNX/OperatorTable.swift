import Graphs

/// How each ONNX operator comes into a graph.
///
/// An operator that is not here is refused by name.
let operatorTable: [String: OperatorImporter] = [
    // One number in, one number out
    "Abs": unary { _ in .abs },
    "Ceil": unary { _ in .ceil },
    "Celu": unary { .celu($0.float("alpha") ?? 1) },
    "Cos": unary { _ in .cos },
    "Elu": unary { .elu($0.float("alpha") ?? 1) },
    "Erf": unary { _ in .erf },
    "Exp": unary { _ in .exp },
    "Floor": unary { _ in .floor },
    "Gelu": unary { .gelu(approximate: $0.string("approximate") == "tanh") },
    "HardSigmoid": unary {
        .hardSigmoid(alpha: $0.float("alpha") ?? 0.2, beta: $0.float("beta") ?? 0.5)
    },
    "HardSwish": unary { _ in .hardSwish },
    "Identity": unary { _ in .identity },
    "LeakyRelu": unary { .leakyRelu($0.float("alpha") ?? 0.01) },
    "Log": unary { _ in .log },
    "Mish": unary { _ in .mish },
    "Neg": unary { _ in .neg },
    "Reciprocal": unary { _ in .reciprocal },
    "Relu": unary { _ in .relu },
    "Round": unary { _ in .round },
    "Selu": unary {
        .selu(
            alpha: $0.float("alpha") ?? 1.67326319217681884765625,
            gamma: $0.float("gamma") ?? 1.05070102214813232421875
        )
    },
    "Sigmoid": unary { _ in .sigmoid },
    "Sign": unary { _ in .sign },
    "Sin": unary { _ in .sin },
    "Softplus": unary { _ in .softplus },
    "Softsign": unary { _ in .softsign },
    "Sqrt": unary { _ in .sqrt },
    "Tanh": unary { _ in .tanh },
    "ThresholdedRelu": unary { .thresholdedRelu($0.float("alpha") ?? 1) },
    "Cast": cast,
    "CastLike": castLike,
    "Clip": clip,
    "Dropout": dropout,
    "Not": not,

    // Element by element
    "Add": binary(.add),
    "Div": binary(.divide),
    "Max": variadic(.maximum),
    "Mean": mean,
    "Min": variadic(.minimum),
    "Mod": modulo,
    "Mul": binary(.multiply),
    "PRelu": prelu,
    "Pow": binary(.power),
    "Sub": binary(.subtract),
    "Sum": variadic(.add),
    "And": comparison(.and),
    "Equal": comparison(.equal),
    "Greater": comparison(.greater),
    "GreaterOrEqual": comparison(.greaterOrEqual),
    "Less": comparison(.less),
    "LessOrEqual": comparison(.lessOrEqual),
    "Or": comparison(.or),
    "Xor": comparison(.xor),
    "Where": select,

    // Windows over space
    "AveragePool": averagePool,
    "Conv": convolution,
    "ConvTranspose": transposedConvolution,
    "GlobalAveragePool": globalPool { _ in .average },
    "GlobalLpPool": globalPool { .norm($0.int("p", in: 1...64, default: 2)) },
    "GlobalMaxPool": globalPool { _ in .max },
    "LpPool": lpPool,
    "MaxPool": maxPool,

    // Sums
    "Gemm": gemm,
    "LogSoftmax": softmax,
    "MatMul": matMul,
    "Softmax": softmax,
    "ReduceL1": reduction(.l1),
    "ReduceL2": reduction(.l2),
    "ReduceLogSum": reduction(.logOfSum),
    "ReduceLogSumExp": reduction(.logOfSumOfExponentials),
    "ReduceMax": reduction(.maximum),
    "ReduceMean": reduction(.mean),
    "ReduceMin": reduction(.minimum),
    "ReduceProd": reduction(.product),
    "ReduceSum": reduction(.sum),
    "ReduceSumSquare": reduction(.sumOfSquares),

    // Normalization and numbers of few bits
    "BatchNormalization": batchNormalization,
    "DequantizeLinear": dequantizeLinear,
    "GroupNormalization": groupNormalization,
    "InstanceNormalization": instanceNormalization,
    "LayerNormalization": layerNormalization,
    "QuantizeLinear": quantizeLinear,

    // Places and shapes
    "Concat": concat,
    "DepthToSpace": depthToSpace,
    "Expand": expand,
    "Flatten": flatten,
    "Gather": gather,
    "Pad": pad,
    "Reshape": reshape,
    "Resize": resize,
    "Slice": slice,
    "SpaceToDepth": spaceToDepth,
    "Split": split,
    "Squeeze": squeeze,
    "Tile": tile,
    "Transpose": transpose,
    "Unsqueeze": unsqueeze,
    "Upsample": upsample,

    // Values from nowhere
    "Constant": constant,
    "ConstantOfShape": constantOfShape,
    "RandomNormalLike": randomNormalLike,
    "Range": range,
    "Shape": shape,
    "Size": size,

    // Experimental operators of the first files, withdrawn since
    "Affine": affine,
    "Crop": crop,
    "ImageScaler": imageScaler,
]
