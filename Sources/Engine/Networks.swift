package import Graphs
package import Inference
internal import ONNX
package import PluginHost
package import Streams
internal import Synchronization
internal import Tensors
internal import Vips

/// Gives plugins the networks of a model library, and remembers what was laid over which picture.
package final class Networks: NetworkProvider {
    private let library: ModelLibrary
    private let budget: StreamBudget
    private let used = Mutex<[NetworkUse]>([])

    package init(library: ModelLibrary, budget: StreamBudget) {
        self.library = library
        self.budget = budget
    }

    /// Every application of a network so far.
    package var uses: [NetworkUse] { used.withLock { $0 } }

    package func network(_ request: NetworkRequest) throws -> any HostNetwork {
        let model =
            if request.model.isEmpty {
                try library.best(
                    forTask: request.task ?? "",
                    scale: request.scale,
                    network: request.network
                )
            } else {
                try library.model(request.model, network: request.network)
            }
        if let task = request.task, let card = model.card, card.task != task {
            throw ModelError(
                "expected a model for \(task), found \"\(card.name)\", one for \(card.task)"
            )
        }
        var mapping = model.mapping
        switch request.range {
        case .unit?: mapping.range = .unit
        case .byte?: mapping.range = .byte
        case .signed?: mapping.range = .signed
        case nil: break
        }
        switch request.channels {
        case .rgb?: mapping.channels = .rgb
        case .bgr?: mapping.channels = .bgr
        case nil: break
        }
        return try LoadedNetwork(model, [:], mapping, budget) { use in
            self.used.withLock { $0.append(use) }
        }
    }
}

/// A network laid over a picture.
package struct NetworkUse: Sendable {
    package let model: String
    package let width, height: Int
    package let layout: StreamLayout
    package let observation: StreamedNetwork.Observation?
    /// Its convolutions in fast precision; `nil` in full precision.
    package let fastProducts: FastProducts?
    /// What has been computed so far.
    package let work: StreamWork
}

extension Model {
    /// The channels of the picture that goes in; 0 where something else does.
    fileprivate var pictureChannels: Int {
        let shape = source.graph.inputs.first.flatMap { source.graph.values[$0].type?.shape }
        return shape.flatMap { $0.count == 4 ? $0[1].constant : nil } ?? 0
    }
}

/// A model as plugins see it.
private final class LoadedNetwork: HostNetwork {
    /// The model of the file.
    private let source: Model
    /// What plugins gave its inputs beside the picture.
    private let values: [String: Tensor]
    /// The model with these, and zeros for the others.
    private let model: Model
    /// Inputs beside the picture that have no value yet.
    private let missing: [Model.FurtherInput]
    /// The model as a network that makes pictures; `nil` where it makes something else.
    private let network: StreamedNetwork?
    private let mapping: PixelMapping
    private let budget: StreamBudget
    private let record: @Sendable (NetworkUse) -> Void

    init(
        _ source: Model,
        _ values: [String: Tensor],
        _ mapping: PixelMapping,
        _ budget: StreamBudget,
        record: @escaping @Sendable (NetworkUse) -> Void
    ) throws {
        self.source = source
        self.values = values
        missing = source.furtherInputs.filter { values[$0.name] == nil }
        model = try source.completed(with: values)
        network = (try? model.picture.get()).map { StreamedNetwork($0) }
        self.mapping = mapping
        self.budget = budget
        self.record = record
    }

    /// Another network in the place of one of the same structure.
    private init(_ other: LoadedNetwork, _ network: StreamedNetwork) {
        source = other.source
        values = other.values
        model = other.model
        missing = other.missing
        self.network = network
        mapping = other.mapping
        budget = other.budget
        record = other.record
    }

    var facts: NetworkFacts {
        let picture = network?.structure
        return NetworkFacts(
            name: model.name,
            inputChannels: picture?.inputChannels ?? source.pictureChannels,
            outputChannels: picture?.outputChannels ?? 0,
            scale: picture.map { ($0.scale.numerator, $0.scale.denominator) } ?? (1, 1),
            lostBorder: picture?.lostBorder ?? 0,
            halo: picture?.halo ?? 0,
            seesEverything: picture?.halo == nil,
            range: mapping.range == .unit ? .unit : mapping.range == .byte ? .byte : .signed,
            channels: mapping.channels == .rgb ? .rgb : .bgr,
            alignment: picture?.alignment ?? 1,
            wholeSide: model.card?.input.side,
            furtherInputs: missing.map {
                NetworkFacts.Input(name: $0.name, shape: $0.shape, entries: $0.entries)
            },
            furtherNetworks: model.card?.networks?.keys.sorted() ?? []
        )
    }

    /// The network that makes pictures, all of whose inputs have a value.
    private func complete() throws -> StreamedNetwork {
        if let input = missing.first {
            throw ModelError(
                "expected a value for the input \"\(input.name)\" of \(model.name), found none"
            )
        }
        // Says why where it makes none.
        return try network ?? StreamedNetwork(model.pictureNetwork())
    }

    func apply(to image: Image, mask: Image?) throws -> Image {
        let network = try complete()
        let work = StreamWork()
        let result = try model.apply(
            to: image,
            mask: mask,
            network: network,
            mapping: mapping,
            budget: budget,
            work: work
        )
        if let layout = work.layout {
            record(
                NetworkUse(
                    model: model.name,
                    width: image.width,
                    height: image.height,
                    layout: layout,
                    observation: network.observation,
                    fastProducts: network.structure.fastProducts,
                    work: work
                )
            )
        }
        return result
    }

    func observe(_ image: Image, side: Int?) throws -> any HostNetwork {
        _ = try complete()
        let observed = try model.observing(image, side: side, mapping: mapping, budget: budget)
        return LoadedNetwork(self, observed)
    }

    func bind(_ values: [(name: String?, tensor: Tensor)]) throws -> any HostNetwork {
        var all = self.values
        for (name, tensor) in values {
            guard let name, missing.contains(where: { $0.name == name }) else {
                let names = missing.map { "\"\($0.name)\"" }.joined(separator: ", ")
                throw ModelError(
                    "expected one of the inputs \(names.isEmpty ? "(there are none)" : names), found "
                        + "\"\(name ?? "")\""
                )
            }
            all[name] = tensor
        }
        return try LoadedNetwork(source, all, mapping, budget, record: record)
    }

    func prepare(progress: @escaping (Double) -> Void) throws {
        try network?.prepare(progress: progress)
    }

    func run(
        _ inputs: [(name: String?, tensor: Tensor)]
    ) throws -> [(name: String, tensor: Tensor)] {
        let model = missing.isEmpty ? model : source
        let tensors = try model.arrange(inputs)
        let names = model.graph.outputs.map { model.graph.values[$0].name }
        return zip(names, try model.run(tensors)).map { ($0, $1) }
    }
}
