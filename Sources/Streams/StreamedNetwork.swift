package import Graphs
internal import Kernels
internal import Synchronization
internal import Tensors
package import Vips

/// A network as pictures go through it: known from the start, or complete once what its nodes find in
/// some picture has been observed.
package final class StreamedNetwork: Sendable {
    /// What is true of it at any size.
    package let structure: PictureNetwork
    /// How statistics are found, where there are any.
    package let observation: Observation?
    private let complete: Mutex<PictureNetwork?>
    private let observe: @Sendable (_ progress: @escaping (Double) -> Void) throws -> PictureNetwork

    /// How statistics are found.
    package enum Observation: Sendable, Equatable {
        /// In a reduced picture, which goes through the network as a whole.
        case thumbnail(width: Int, height: Int)
        /// In the whole picture, which streams through parts of the network.
        case exact(passes: Int, multiplyAdds: Double)
    }

    /// A network that needs no observation.
    package init(_ network: PictureNetwork) {
        structure = network
        observation = nil
        complete = Mutex(network)
        observe = { _ in network }
    }

    /// A network in which what its nodes find in a picture stands for what they would look for.
    ///
    /// Computes no pixels; `prepare` does.
    ///
    /// - Parameters:
    ///   - image: with a band for every channel, and samples of 8 or 16 bits or floats.
    ///   - side: the longer side of the reduced picture; `nil` observes the whole picture.
    package init(
        _ network: PictureNetwork,
        observing image: Image,
        _ mapping: PixelMapping,
        side: Int?,
        budget: StreamBudget
    ) throws {
        precondition(image.bands == network.inputChannels, "a band for every channel")
        structure = try network.frozenStructure()
        complete = Mutex(nil)
        let pixels = PixelRows(mapping: mapping, format: image.format)
        if let side, side < max(image.width, image.height) {
            let small = try image.reduced(toLongerSide: side)
            observation = .thumbnail(width: small.width, height: small.height)
            observe = { try network.frozen(observing: small.tensor(pixels, $0), .shared) }
        } else if side != nil {
            observation = .thumbnail(width: image.width, height: image.height)
            observe = { try network.frozen(observing: image.tensor(pixels, $0), .shared) }
        } else {
            let fitted = try network.fitted(height: image.height, width: image.width)
            let bordered = try image.adding(fitted.border)
            let (passes, work) = try network.passes(
                height: bordered.height,
                width: bordered.width
            )
            observation = .exact(passes: passes, multiplyAdds: work)
            observe = { progress in
                var pixelsDone = 0
                let pixelsOfAllPasses = passes * bordered.width * bordered.height
                return try network.frozen(
                    height: bordered.height,
                    width: bordered.width,
                    budget: budget.bytes,
                    .shared
                ) { run, take in
                    while !run.isFinished {
                        try run.advance(
                            .shared,
                            pull: { rows, input in
                                try bordered.read(rows, pixels, into: input)
                                pixelsDone += rows.count * input.columns.count
                                progress(min(1, Double(pixelsDone) / Double(pixelsOfAllPasses)))
                            },
                            push: take
                        )
                    }
                }
            }
        }
    }

    /// Observes, if that has not been done.
    ///
    /// Not while pixels of the same pipeline are computed.
    ///
    /// - Parameter progress: called now and then with the fraction that is done.
    package func prepare(progress: @escaping (Double) -> Void = { _ in }) throws {
        if complete.withLock({ $0 != nil }) { return }
        let network = try observe(progress)
        complete.withLock { $0 = network }
    }

    /// The network with its statistics.
    func network() throws -> PictureNetwork {
        guard let network = complete.withLock({ $0 }) else {
            throw StreamError(
                "this network's statistics were not observed before its pixels were asked for"
            )
        }
        return network
    }
}

extension Image {
    /// The image with its longer side reduced to some pixels.
    fileprivate func reduced(toLongerSide side: Int) throws -> Image {
        let factor = Double(side) / Double(max(width, height))
        return try reduced(
            width: max(1, Int((Double(width) * factor).rounded())),
            height: max(1, Int((Double(height) * factor).rounded()))
        )
    }

    /// The whole image as a network reads it.
    fileprivate func tensor(
        _ pixels: PixelRows,
        _ progress: @escaping (Double) -> Void
    ) throws -> Tensor {
        let samples = try bytes(progress: progress)
        var tensor = Tensor(uninitialized: [1, bands, height, width])
        let stride = width * bands * format.bytes
        var values = tensor.mutableFloats
        values.withUnsafeMutableBufferPointer { values in
            samples.withUnsafeBytes { samples in
                for y in 0..<height {
                    pixels.read(samples.baseAddress! + y * stride, bands) { channel in
                        (values.baseAddress! + (channel * height + y) * width, 1, width)
                    }
                }
            }
        }
        return tensor
    }

    /// Some rows of the image, computed now.
    fileprivate func read(_ rows: Range<Int>, _ pixels: PixelRows, into input: InputRows) throws {
        let part = try self.part(Rectangle(rows: rows, columns: input.columns))
        let samples = try part.bytes()
        let stride = part.width * bands * format.bytes
        samples.withUnsafeBytes { samples in
            for y in rows {
                let row = samples.baseAddress! + (y - rows.lowerBound) * stride
                pixels.read(row, bands, y, into: input)
            }
        }
    }
}
