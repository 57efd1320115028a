import Training

/// Every differentiable operation, each with sides that fit nothing: what the tests walk.
enum Operation: String, CaseIterable {
    case exp, log, sqrt, rsqrt, abs, square, power, reciprocal, scaled, clamped
    case tanh, sigmoid, softplus, relu, leakyRelu, elu, prelu
    case added, addedRow, subtracted, multiplied, multipliedChannels, divided, minimum, maximum
    case sum, meanOfMaps, variance, broadcast
    case reshaped, permuted, slice, crop, concatenated, gathered, picked
    case pixelShuffle, pixelUnshuffle
    case zeroPad, reflectPad, replicatePad
    case nearest, nearestToSize, bilinear, bilinearSmaller, bicubic, bicubicSmaller
    case averagePool, averagePoolPadded, globalAveragePool, maxPool, maxPoolOverlapping
    case matrixProduct, matrixProductFirst, matrixProductSecond, linear, gram, attention
    case convolution, convolution1x1, convolutionWide, convolutionStrided, convolutionDilated
    case convolutionGrouped, convolutionDepthwise, convolution4s2, convolution4s1
    case convolutionThin, convolutionValid, convolution9, convolutionDeep
    case transposed4s2, transposed3s2, transposed4s1, transposedGrouped, transposedWide
    case instanceNorm, instanceNormAffine, adaptiveInstanceNorm, batchNorm, layerNorm
    case layerNormByDeviation, filterResponseNorm
    case softmax, logSoftmax, crossEntropy
    case laplacianPyramid, lab, sRGB, colorDifference, fourier, inverseFourier
    case l1, l2, charbonnier, structuralSimilarity, totalVariation, gate

    /// The shapes of its inputs.
    var shapes: [[Int]] {
        switch self {
        case .prelu: [[2, 3, 3, 5], [3]]
        case .added, .subtracted, .multiplied, .divided, .minimum, .maximum:
            [[2, 3, 5], [2, 3, 5]]
        case .addedRow: [[4, 1, 5], [3, 1]]
        case .multipliedChannels: [[2, 3, 3, 5], [1, 3, 1, 1]]
        case .broadcast: [[3, 1, 5]]
        case .meanOfMaps, .variance, .sum: [[2, 3, 3, 7]]
        case .permuted: [[2, 3, 4, 5]]
        case .slice, .crop: [[2, 3, 7, 9]]
        case .concatenated: [[2, 3, 3, 5], [2, 1, 3, 5], [2, 4, 3, 5]]
        case .gathered: [[4, 5]]
        case .picked: [[3, 4, 5]]
        case .pixelShuffle: [[2, 8, 3, 5]]
        case .pixelUnshuffle: [[2, 2, 4, 6]]
        case .zeroPad, .reflectPad, .replicatePad: [[2, 3, 4, 11]]
        case .nearest, .nearestToSize, .bilinear, .bicubic: [[2, 2, 3, 5]]
        case .bilinearSmaller, .bicubicSmaller: [[1, 2, 9, 11]]
        case .averagePool, .averagePoolPadded, .maxPool, .maxPoolOverlapping: [[2, 3, 7, 9]]
        case .globalAveragePool: [[2, 3, 5, 7]]
        case .matrixProduct: [[2, 3, 5], [2, 5, 7]]
        case .matrixProductFirst: [[5, 3], [5, 7]]
        case .matrixProductSecond: [[3, 5], [7, 5]]
        case .linear: [[3, 5], [7, 5], [7]]
        case .gram: [[2, 3, 3, 5]]
        case .attention: [[2, 3, 5], [2, 3, 5], [2, 4, 5]]
        case .convolution: [[2, 3, 5, 7], [4, 3, 3, 3], [4]]
        case .convolution1x1: [[2, 5, 3, 5], [7, 5, 1, 1], [7]]
        case .convolutionWide: [[1, 17, 9, 21], [18, 17, 3, 3], [18]]
        case .convolutionStrided: [[2, 3, 7, 9], [4, 3, 3, 3], [4]]
        case .convolutionDilated: [[1, 3, 9, 9], [4, 3, 3, 3]]
        case .convolutionGrouped: [[2, 4, 5, 7], [6, 2, 3, 3], [6]]
        case .convolutionDepthwise: [[2, 3, 5, 7], [3, 1, 3, 3]]
        case .convolution4s2: [[2, 3, 8, 10], [5, 3, 4, 4], [5]]
        case .convolution4s1: [[2, 3, 5, 6], [1, 3, 4, 4]]
        case .convolutionThin: [[1, 17, 7, 9], [3, 17, 3, 3], [3]]
        case .convolutionValid: [[1, 4, 9, 7], [5, 4, 5, 3]]
        case .convolution9: [[1, 2, 13, 11], [3, 2, 9, 9], [3]]
        case .convolutionDeep: [[2, 33, 6, 5], [35, 33, 3, 3]]
        case .transposed4s2: [[2, 3, 4, 5], [3, 4, 4, 4], [4]]
        case .transposed3s2: [[2, 3, 4, 5], [3, 4, 3, 3], [4]]
        case .transposed4s1: [[2, 6, 1, 1], [6, 3, 4, 4]]
        case .transposedGrouped: [[2, 4, 3, 5], [4, 3, 3, 3], [6]]
        case .transposedWide: [[1, 18, 5, 9], [18, 17, 4, 4], [17]]
        case .instanceNorm, .filterResponseNorm: [[2, 3, 5, 7]]
        case .instanceNormAffine, .batchNorm, .layerNorm, .layerNormByDeviation:
            [[2, 3, 5, 7], [3], [3]]
        case .adaptiveInstanceNorm: [[2, 3, 5, 7], [2, 3], [2, 3]]
        case .softmax, .logSoftmax, .crossEntropy: [[4, 5]]
        case .laplacianPyramid: [[1, 2, 8, 10]]
        case .lab, .sRGB: [[1, 3, 3, 5]]
        case .colorDifference: [[1, 3, 3, 5], [1, 3, 3, 5]]
        case .fourier: [[1, 2, 5, 6]]
        case .inverseFourier: [[1, 2, 5, 4], [1, 2, 5, 4]]
        case .l1, .l2, .charbonnier: [[2, 3, 3, 5], [2, 3, 3, 5]]
        case .structuralSimilarity: [[1, 2, 13, 15], [1, 2, 13, 15]]
        case .totalVariation: [[2, 3, 5, 7]]
        case .gate: [[2, 6, 3, 5]]
        default: [[2, 3, 7]]
        }
    }

    /// Whether its inputs are positive.
    var isOfPositives: Bool {
        switch self {
        case .log, .sqrt, .rsqrt, .power, .lab, .reciprocal, .divided: true
        default: false
        }
    }

    func callAsFunction<N: Real>(_ x: [Variable<N>]) -> Variable<N> {
        switch self {
        case .exp: return Training.exp(x[0])
        case .log: return Training.log(x[0])
        case .sqrt: return Training.sqrt(x[0])
        case .rsqrt: return Training.rsqrt(x[0])
        case .abs: return Training.abs(x[0])
        case .square: return Training.square(x[0])
        case .power: return pow(x[0], 1.7)
        case .reciprocal: return x[0].applying(.reciprocal)
        case .scaled: return 3 - x[0] * 0.5
        case .clamped: return x[0].clamped(to: -0.5...0.4)
        case .tanh: return Training.tanh(x[0] * 3)
        case .sigmoid: return Training.sigmoid(x[0] * 3)
        case .softplus: return Training.softplus(x[0] * 5)
        case .relu: return Training.relu(x[0])
        case .leakyRelu: return Training.leakyRelu(x[0], slope: 0.2)
        case .elu: return Training.elu(x[0])
        case .prelu: return Training.prelu(x[0], slopes: x[1])
        case .added, .addedRow: return x[0] + x[1]
        case .subtracted: return x[0] - x[1]
        case .multiplied, .multipliedChannels: return x[0] * x[1]
        case .divided: return x[0] / x[1]
        case .minimum: return Training.minimum(x[0], x[1])
        case .maximum: return Training.maximum(x[0], x[1])
        case .sum: return x[0].sum([1, 3])
        case .meanOfMaps: return x[0].mean([2, 3])
        case .variance: return x[0].variance([0, 2, 3])
        case .broadcast: return x[0].broadcast(to: [2, 3, 4, 5])
        case .reshaped: return x[0].reshaped([6, -1])
        case .permuted: return x[0].permuted([0, 3, 1, 2])
        case .slice: return x[0].slice(3, 1..<8, step: 2)
        case .crop: return x[0].cropped(rows: 1..<6, columns: 2..<9)
        case .concatenated: return Training.concatenated(x)
        case .gathered: return x[0].gathered([3, 0, 3])
        case .picked: return x[0].picked(by: [3, 0, 1])
        case .pixelShuffle: return x[0].pixelShuffled(2)
        case .pixelUnshuffle: return x[0].pixelUnshuffled(2)
        case .zeroPad: return x[0].padded(.zero, top: 1, left: 2, bottom: 0, right: 3)
        case .reflectPad: return x[0].padded(.reflect, 3)
        case .replicatePad: return x[0].padded(.replicate, top: 1, left: 4, bottom: 2, right: 0)
        case .nearest: return x[0].enlarged(2)
        case .nearestToSize: return x[0].resized(height: 7, width: 4, .nearest)
        case .bilinear: return x[0].enlarged(2, .bilinear)
        case .bilinearSmaller: return x[0].resized(height: 4, width: 6, .bilinear)
        case .bicubic: return x[0].enlarged(3, .bicubic)
        case .bicubicSmaller: return x[0].resized(height: 4, width: 5, .bicubic)
        case .averagePool: return x[0].averagePooled(2)
        case .averagePoolPadded: return x[0].averagePooled(3, stride: 2, padding: 1)
        case .globalAveragePool: return x[0].globalAveragePooled()
        case .maxPool: return x[0].maxPooled(2)
        case .maxPoolOverlapping: return x[0].maxPooled(3, stride: 2, padding: 1)
        case .matrixProduct: return Training.matrixProduct(x[0], x[1])
        case .matrixProductFirst:
            return Training.matrixProduct(x[0], x[1], transposingFirst: true)
        case .matrixProductSecond:
            return Training.matrixProduct(x[0], x[1], transposingSecond: true)
        case .linear: return Training.linear(x[0], weights: x[1], bias: x[2])
        case .gram: return gramMatrix(x[0])
        case .attention:
            let scores = Training.matrixProduct(x[0], x[1], transposingFirst: true)
            let shares = Training.softmax(scores.permuted([0, 2, 1])).permuted([0, 2, 1])
            return Training.matrixProduct(x[2], shares, transposingSecond: true)
        case .convolution, .convolutionWide, .convolutionThin, .convolutionDeep:
            return convolve(x, Sliding(padding: 1))
        case .convolution1x1, .convolutionValid: return convolve(x, Sliding())
        case .convolutionStrided: return convolve(x, Sliding(stride: 2, padding: 1))
        case .convolutionDilated: return convolve(x, Sliding(padding: 2, dilation: 2))
        case .convolutionGrouped: return convolve(x, Sliding(padding: 1, groups: 2))
        case .convolutionDepthwise: return convolve(x, Sliding(padding: 1, groups: 3))
        case .convolution4s2: return convolve(x, Sliding(stride: 2, padding: 1))
        case .convolution4s1: return convolve(x, Sliding(padding: 1))
        case .convolution9: return convolve(x, Sliding(padding: 4))
        case .transposed4s2, .transposedWide:
            return convolveBack(x, Sliding(stride: 2, padding: 1))
        case .transposed3s2:
            return convolveBack(x, Sliding(stride: 2, padding: 1), outputPadding: 1)
        case .transposed4s1: return convolveBack(x, Sliding())
        case .transposedGrouped:
            return convolveBack(x, Sliding(stride: 2, padding: 1, groups: 2))
        case .instanceNorm: return normalized(x[0], .instance)
        case .instanceNormAffine, .adaptiveInstanceNorm:
            return normalized(x[0], .instance, scale: x[1], shift: x[2])
        case .batchNorm: return normalized(x[0], .batch, scale: x[1], shift: x[2])
        case .layerNorm: return normalized(x[0], .layer, scale: x[1], shift: x[2])
        case .layerNormByDeviation:
            return normalized(x[0], .layerByDeviation, scale: x[1], shift: x[2])
        case .filterResponseNorm: return filterResponseNormalized(x[0])
        case .softmax: return Training.softmax(x[0] * 3)
        case .logSoftmax: return Training.logSoftmax(x[0] * 3)
        case .crossEntropy: return Training.crossEntropy(x[0] * 3, labels: [4, 0, 2, 2])
        case .laplacianPyramid:
            let levels = Training.laplacianPyramid(x[0], levels: 2)
            return Training.concatenated(levels.map { $0.flattened() })
        case .lab: return labFromSRGB(x[0] * 0.9)
        case .sRGB:
            let scale = Variable<N>([3, 1, 1], [30, 20, 20])
            return sRGBFromLab(x[0] * scale + Variable([3, 1, 1], [60, 0, 0]))
        case .colorDifference:
            // Blues, among them, so that the formula's turn counts.
            let scale = Variable<N>([3, 1, 1], [30, 20, 20])
            let colors = x.map { $0 * scale + Variable([3, 1, 1], [60, 5, -25]) }
            return Training.colorDifference(colors[0], colors[1])
        case .fourier:
            let (real, imaginary) = fourierTransform(x[0])
            return Training.concatenated([real, imaginary])
        case .inverseFourier:
            return inverseFourierTransform(real: x[0], imaginary: x[1], width: 6)
        case .l1: return meanAbsoluteError(x[0], x[1])
        case .l2: return meanSquaredError(x[0], x[1])
        case .charbonnier: return charbonnierError(x[0], x[1])
        case .structuralSimilarity: return Training.structuralSimilarity(x[0], x[1])
        case .totalVariation: return Training.totalVariation(x[0])
        case .gate: return gated(x[0])
        }
    }

    private func convolve<N: Real>(_ x: [Variable<N>], _ sliding: Sliding) -> Variable<N> {
        Training.convolution(x[0], weights: x[1], bias: x.count > 2 ? x[2] : nil, sliding)
    }

    private func convolveBack<N: Real>(
        _ x: [Variable<N>],
        _ sliding: Sliding,
        outputPadding: Int = 0
    ) -> Variable<N> {
        transposedConvolution(
            x[0],
            weights: x[1],
            bias: x.count > 2 ? x[2] : nil,
            sliding,
            outputPadding: outputPadding
        )
    }
}
