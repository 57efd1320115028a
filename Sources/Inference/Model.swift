internal import FoundationEssentials
package import Graphs
internal import Kernels
package import ONNX
package import Streams
internal import Synchronization
package import Tensors
package import Vips

/// A network with what is known of it: its graph ready to run, and how pixels go through it.
package final class Model: Sendable {
    package let name: String
    package let path: String
    package let card: ModelCard?
    package let source: ONNXModel
    /// The graph after all passes.
    package let graph: Graph
    /// The network as one that turns pictures into pictures, or why it does not.
    package let picture: Result<PictureNetwork, GraphError>
    private let guess = Mutex<PixelMapping?>(nil)
    package var isMappingGuessed: Bool { card == nil }
    private let precision: Precision

    /// - Parameter precision: how exactly pictures are computed.
    package convenience init(
        path: String,
        card: ModelCard? = nil,
        precision: Precision = .full
    ) throws {
        try self.init(
            path: path,
            card: card,
            precision: precision,
            source: try ONNXModel(path: path)
        )
    }

    /// - Parameter values: what stands for inputs of the file from now on.
    private init(
        path: String,
        card: ModelCard?,
        precision: Precision,
        source: ONNXModel,
        values: [String: Tensor] = [:]
    ) throws {
        self.path = path
        self.card = card
        self.precision = precision
        self.source = source
        name = card?.name ?? URL(filePath: path).deletingPathExtension().lastPathComponent
        do throws(GraphError) {
            graph = try source.graph.binding(values).applying()
        } catch {
            throw ModelError("\(path): \(error)")
        }
        let graph = graph
        let picture = Result { () throws(GraphError) in try PictureNetwork(graph) }
        switch precision {
        case .full: self.picture = picture
        case .fast:
            let range = card?.input.range ?? Self.guessRange(try? picture.get())
            self.picture = picture.map { Self.fast($0, range) ?? $0 }
        }
        if let card, let scale = card.scale, case .success(let picture) = picture,
            picture.scale.value != scale
        {
            throw ModelError(
                "\(path): expected a network of scale \(scale), as its card says, found \(picture.scale)"
            )
        }
    }

    /// What a network takes beside a picture.
    package struct FurtherInput: Sendable {
        package let name: String
        /// Open sides as 1.
        package let shape: [Int]
        /// What its numbers stand for, where the card says so.
        package let entries: [String]
    }

    /// The inputs of the file beside the picture that are no pictures.
    package var furtherInputs: [FurtherInput] {
        if case .success = picture { return [] }
        return source.graph.furtherInputs.map { input in
            let value = source.graph.values[input]
            return FurtherInput(
                name: value.name,
                shape: (value.type?.shape ?? []).map { $0.constant ?? 1 },
                entries: card?.labels?[value.name] ?? []
            )
        }
    }

    /// The model with fixed values for its further inputs, by name: zeros where none are given.
    package func completed(with values: [String: Tensor] = [:]) throws -> Model {
        let all = furtherInputs.reduce(into: values) { all, input in
            all[input.name] = all[input.name] ?? Tensor(shape: input.shape)
        }
        if all.isEmpty { return self }
        return try Model(path: path, card: card, precision: precision, source: source, values: all)
    }

    /// How pixels become numbers; found by a test run where no card says it.
    package var mapping: PixelMapping {
        if let card {
            return PixelMapping(range: card.input.range, channels: card.input.channels)
        }
        return guess.withLock { known in
            let mapping = known ?? PixelMapping(range: Self.guessRange(try? picture.get()))
            known = mapping
            return mapping
        }
    }

    /// The network with bfloat16 products; `nil` where the processor is no faster with them, or where
    /// they cannot be tried.
    static func fast(_ network: PictureNetwork, _ range: PixelMapping.Range) -> PictureNetwork? {
        guard PictureNetwork.hasFastProducts else { return nil }
        return try? network.fast(range: range.black...range.white, .shared)
    }

    /// The network on pictures, or an error that says why it is none.
    package func pictureNetwork() throws -> PictureNetwork {
        do throws(GraphError) {
            return try picture.get()
        } catch {
            throw ModelError("\(path): \(error)")
        }
    }

    /// Runs the network once on plain tensors.
    package func run(_ inputs: [Tensor]) throws -> [Tensor] {
        do {
            // One float32 picture in, one out: as pictures go. All else as the operators are defined.
            if let network = try? picture.get(), graph.outputs.count == 1, inputs.count == 1,
                inputs[0].elementType == .float32, inputs[0].rank == 4, inputs[0].shape[0] == 1,
                inputs[0].shape[1] == network.inputChannels
            {
                return [try network.run(inputs[0], .shared)]
            }
            return try graph.evaluate(inputs)
        } catch let error as GraphError {
            throw ModelError("\(path): \(error)")
        }
    }

    /// What range of numbers a network without a card works in, judged by what comes out for a dark
    /// test picture of numbers from 0 to 1: far larger numbers mean 0 … 255, clearly negative ones
    /// −1 … 1.
    private static func guessRange(_ network: PictureNetwork?) -> PixelMapping.Range {
        guard let network else { return .unit }
        let size = network.fixedSize ?? (height: 64, width: 64)
        guard let fitted = try? network.fitted(height: size.height, width: size.width) else {
            return .unit
        }
        let shape = [1, network.inputChannels, size.height, size.width]
        let values = (0..<shape.elementCount).map { i in
            0.5 + 0.25 * Float(((i % size.width) / 8 + (i / size.width) / 8) % 5 - 2)
        }
        guard let output = try? fitted.run(Tensor(shape: shape, values: values), .shared) else {
            return .unit
        }
        let numbers = output.array(of: Float.self).sorted()
        let (low, high) = (
            numbers[numbers.count / 50], numbers[numbers.count - 1 - numbers.count / 50]
        )
        if high > 4 || low < -4 { return .byte }
        return low < -0.3 ? .signed : .unit
    }
}

extension Model {
    /// The picture that the network makes of one without alpha: a lazy image, exact for any size.
    ///
    /// - Parameters:
    ///   - mask: what a network with a second input takes there: one band of the picture's size.
    ///   - network: this model's network with statistics of some picture; its own otherwise.
    package func apply(
        to image: Image,
        mask: Image? = nil,
        network: StreamedNetwork? = nil,
        mapping: PixelMapping? = nil,
        budget: StreamBudget = StreamBudget(),
        work: StreamWork = StreamWork()
    ) throws -> Image {
        do {
            let network = try network ?? StreamedNetwork(pictureNetwork())
            try check(mask, beside: image)
            return try route(mapping, budget).apply(network, to: image, mask: mask, work: work)
        } catch let error as GraphError {
            throw ModelError("\(path): \(error)")
        }
    }

    /// Whether the network takes a mask beside the picture: a second input of one channel.
    package var takesMask: Bool {
        guard let channels = graph.pictureChannels else { return false }
        return channels.count == 2 && channels[1] == 1
    }

    private func check(_ mask: Image?, beside image: Image) throws(ModelError) {
        guard takesMask == (mask != nil) else {
            let (with, without) = ("a mask beside the picture", "only a picture")
            throw ModelError(
                "\(path): expected a network that takes \(mask == nil ? without : with), found one "
                    + "that takes \(mask == nil ? with : without)"
            )
        }
        guard let mask else { return }
        guard mask.bands == 1, mask.width == image.width, mask.height == image.height else {
            throw ModelError(
                "expected a mask of one band and \(image.width) × \(image.height) pixels, found "
                    + "\(mask.bands) bands and \(mask.width) × \(mask.height) pixels"
            )
        }
    }

    /// The network with what its nodes that look at the whole picture find in this one, once it is
    /// prepared; as it is where it has no such nodes.
    ///
    /// - Parameter side: the longer side to reduce the picture to; `nil` observes all of it.
    package func observing(
        _ image: Image,
        side: Int?,
        mapping: PixelMapping? = nil,
        budget: StreamBudget = StreamBudget()
    ) throws -> StreamedNetwork {
        do {
            let network = try pictureNetwork()
            guard network.halo == nil else { return StreamedNetwork(network) }
            return try route(mapping, budget).observe(network, in: image, side: side)
        } catch let error as GraphError {
            throw ModelError("\(path): \(error)")
        }
    }

    private func route(_ mapping: PixelMapping?, _ budget: StreamBudget) -> ColorRoute {
        ColorRoute(model: self, mapping: mapping ?? self.mapping, budget: budget)
    }

    /// Brings tensors, some with names, into the order of the graph's inputs.
    package func arrange(
        _ inputs: [(name: String?, tensor: Tensor)]
    ) throws(ModelError) -> [Tensor] {
        let names = graph.inputs.map { graph.values[$0].name }
        var arranged = [Tensor?](repeating: nil, count: names.count)
        for (name, tensor) in inputs {
            let place = name.map { names.firstIndex(of: $0) } ?? arranged.firstIndex { $0 == nil }
            guard let place, arranged[place] == nil else {
                throw ModelError(
                    "\(path): expected the inputs \(names.joined(separator: ", ")), found "
                        + (name.map { "\"\($0)\"" } ?? "\(inputs.count) of them")
                )
            }
            arranged[place] = tensor
        }
        let missing = zip(names, arranged).filter { $0.1 == nil }.map(\.0)
        guard missing.isEmpty else {
            throw ModelError("\(path): expected an input \"\(missing[0])\", found none")
        }
        return arranged.map { $0! }
    }
}
