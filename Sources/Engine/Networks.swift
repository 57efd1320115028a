package import Graphs
package import Inference
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
                try library.best(forTask: request.task ?? "", scale: request.scale)
            } else {
                try library.model(request.model)
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
        let network = StreamedNetwork(try model.pictureNetwork())
        return LoadedNetwork(model, network, mapping, budget) { use in
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

/// A model as plugins see it.
private final class LoadedNetwork: HostNetwork {
    private let model: Model
    private let network: StreamedNetwork
    private let mapping: PixelMapping
    private let budget: StreamBudget
    private let record: @Sendable (NetworkUse) -> Void

    init(
        _ model: Model,
        _ network: StreamedNetwork,
        _ mapping: PixelMapping,
        _ budget: StreamBudget,
        record: @escaping @Sendable (NetworkUse) -> Void
    ) {
        self.model = model
        self.network = network
        self.mapping = mapping
        self.budget = budget
        self.record = record
    }

    private var picture: PictureNetwork { network.structure }

    var facts: NetworkFacts {
        NetworkFacts(
            name: model.name,
            inputChannels: picture.inputChannels,
            outputChannels: picture.outputChannels,
            scale: (picture.scale.numerator, picture.scale.denominator),
            lostBorder: picture.lostBorder,
            halo: picture.halo ?? 0,
            seesEverything: picture.halo == nil,
            range: mapping.range == .unit ? .unit : mapping.range == .byte ? .byte : .signed,
            channels: mapping.channels == .rgb ? .rgb : .bgr
        )
    }

    func apply(to image: Image, mask: Image?) throws -> Image {
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
                    fastProducts: picture.fastProducts,
                    work: work
                )
            )
        }
        return result
    }

    func observe(_ image: Image, side: Int?) throws -> any HostNetwork {
        let observed = try model.observing(image, side: side, mapping: mapping, budget: budget)
        return LoadedNetwork(model, observed, mapping, budget, record: record)
    }

    func prepare() throws { try network.prepare() }

    func run(
        _ inputs: [(name: String?, tensor: Tensor)]
    ) throws -> [(name: String, tensor: Tensor)] {
        let tensors = try model.arrange(inputs)
        let names = model.graph.outputs.map { model.graph.values[$0].name }
        return zip(names, try model.run(tensors)).map { ($0, $1) }
    }
}
