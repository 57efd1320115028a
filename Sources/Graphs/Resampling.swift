/// How positions are interpolated when one axis changes its length: ONNX Resize, versions 10 to 19.
package struct Resampling: Sendable, Equatable {
    package enum Interpolation: Sendable, Equatable {
        case nearest(NearestMode)
        case linear
        /// The coefficient of the cubic kernel of Keys (1981), usually −0.75 or −0.5.
        case cubic(Double)
    }

    package enum NearestMode: String, Sendable, CaseIterable {
        case roundPreferFloor = "round_prefer_floor"
        case roundPreferCeil = "round_prefer_ceil"
        case floor, ceil
    }

    package enum CoordinateMode: String, Sendable, CaseIterable {
        case halfPixel = "half_pixel"
        case halfPixelSymmetric = "half_pixel_symmetric"
        case pytorchHalfPixel = "pytorch_half_pixel"
        case alignCorners = "align_corners"
        case asymmetric
        case tfHalfPixelForNearest = "tf_half_pixel_for_nn"
        case tfCropAndResize = "tf_crop_and_resize"
    }

    package var interpolation: Interpolation
    package var coordinates: CoordinateMode
    /// Output length ÷ input length as the model gives it; `nil` takes it from the lengths.
    package var scale: Double?
    /// Kernels reach no further than the border: what is outside has no weight.
    package var excludesOutside = false
    /// Shrinking averages over all inputs it passes.
    package var antialiases = false
    /// The part of the axis to resize, 0 to 1, for `tfCropAndResize`.
    package var region: (start: Double, end: Double) = (0, 1)
    /// What stands outside the input, for `tfCropAndResize`.
    package var extrapolation: Float = 0

    package init(
        _ interpolation: Interpolation,
        _ coordinates: CoordinateMode,
        scale: Double? = nil
    ) {
        self.interpolation = interpolation
        self.coordinates = coordinates
        self.scale = scale
    }

    package static func == (a: Resampling, b: Resampling) -> Bool {
        a.interpolation == b.interpolation && a.coordinates == b.coordinates && a.scale == b.scale
            && a.excludesOutside == b.excludesOutside && a.antialiases == b.antialiases
            && a.region == b.region && a.extrapolation == b.extrapolation
    }

    /// Whether moving the input by a whole number of steps moves the output and does nothing else.
    package var isShiftInvariant: Bool {
        switch coordinates {
        case .halfPixel, .asymmetric, .tfHalfPixelForNearest: scale != nil
        case .pytorchHalfPixel: scale != nil
        case .halfPixelSymmetric, .alignCorners, .tfCropAndResize: false
        }
    }

    /// The resampling of an axis of given lengths.
    package func axis(inputLength: Int, outputLength: Int) -> Axis {
        Axis(resampling: self, inputLength: inputLength, outputLength: outputLength)
    }

    /// An input position and its weight.
    package struct Tap: Sendable, Equatable {
        package let position: Int
        package let weight: Float
    }

    /// One axis of a resize, with both lengths known.
    package struct Axis: Sendable {
        let resampling: Resampling
        let inputLength, outputLength: Int

        private var scale: Double {
            resampling.scale ?? Double(outputLength) / Double(inputLength)
        }

        /// The output length before it was rounded down; a scale in float32 may miss a whole one.
        private var exactLength: Double {
            let length = scale * Double(inputLength)
            let isWhole = abs(length - Double(outputLength)) < 1e-3
            return isWhole ? Double(outputLength) : length
        }

        /// The place in the input, in units of its pixels, that an output position stands for.
        func coordinate(_ output: Int) -> Double {
            let (o, n, m) = (Double(output), Double(inputLength), Double(outputLength))
            switch resampling.coordinates {
            case .halfPixel: return (o + 0.5) / scale - 0.5
            case .halfPixelSymmetric:
                let adjustment = m / (scale * n)
                return n / 2 * (1 - adjustment) + (o + 0.5) / scale - 0.5
            case .pytorchHalfPixel: return outputLength > 1 ? (o + 0.5) / scale - 0.5 : 0
            case .alignCorners: return outputLength > 1 ? o * (n - 1) / (exactLength - 1) : 0
            case .asymmetric: return o / scale
            case .tfHalfPixelForNearest: return (o + 0.5) / scale
            case .tfCropAndResize:
                let (start, end) = resampling.region
                return outputLength > 1
                    ? start * (n - 1) + o * (end - start) * (n - 1) / (m - 1)
                    : 0.5 * (start + end) * (n - 1)
            }
        }

        /// The inputs that make an output position, in rising order of position; `nil` where it
        /// lies outside and takes the extrapolation value.
        package func taps(_ output: Int) -> [Tap]? {
            let x = coordinate(output)
            if resampling.coordinates == .tfCropAndResize,
                !(x >= 0 && x <= Double(inputLength - 1))
            {
                return nil
            }
            switch resampling.interpolation {
            case .nearest(let mode):
                let position =
                    switch mode {
                    case .roundPreferFloor: Int((x - 0.5).rounded(.up))
                    case .roundPreferCeil: Int((x + 0.5).rounded(.down))
                    case .floor: Int(x.rounded(.down))
                    case .ceil: Int(x.rounded(.up))
                    }
                return [Tap(position: min(max(position, 0), inputLength - 1), weight: 1)]
            case .linear:
                return weighted(at: x, support: 1) { max(0, 1 - $0) }
            case .cubic(let a):
                return weighted(at: x, support: 2) { t in
                    if t < 1 { return ((a + 2) * t - (a + 3)) * t * t + 1 }
                    return t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0
                }
            }
        }

        /// The taps of a kernel of given support, a function of the distance.
        private func weighted(
            at x: Double,
            support: Double,
            _ kernel: (Double) -> Double
        ) -> [Tap] {
            let stretch = resampling.antialiases ? max(1, 1 / scale) : 1
            let first = Int((x - support * stretch).rounded(.down)) + 1
            let last = Int((x + support * stretch).rounded(.up)) - 1
            var weights: [(position: Int, weight: Double)] = []
            var sum = 0.0
            for position in min(first, last)...max(first, last) {
                let isOutside = position < 0 || position >= inputLength
                if isOutside, resampling.excludesOutside { continue }
                let weight = kernel(abs(Double(position) - x) / stretch)
                sum += weight
                let place = min(max(position, 0), inputLength - 1)
                if let end = weights.indices.last, weights[end].position == place {
                    weights[end].weight += weight
                } else {
                    weights.append((place, weight))
                }
            }
            return weights.map { Tap(position: $0.position, weight: Float($0.weight / sum)) }
        }

        /// The interval of input positions behind an interval of output positions.
        package func inputs(for outputs: Range<Int>) -> Range<Int> {
            // Coordinates rise with the output position, so the ends decide.
            var (low, high) = (inputLength, 0)
            for output in [outputs.lowerBound, outputs.upperBound - 1] {
                guard let taps = taps(output), let first = taps.first, let last = taps.last
                else { continue }
                low = min(low, first.position)
                high = max(high, last.position + 1)
            }
            // Where both ends lie outside the region, something between may lie inside.
            return low < high
                ? low..<high
                : resampling.coordinates == .tfCropAndResize
                    ? 0..<inputLength : 0..<0
        }
    }
}
