internal import Graphs
internal import ONNX
internal import Streams
internal import Tensors

/// What can be said of a model by looking at its graph.
package struct ModelReport: Codable, Sendable {
    package var name: String
    package var file: String
    package var summary: String?
    package var licence: String?
    package var producer: String
    package var opset: Int
    package var inputs: [Port]
    package var outputs: [Port]
    package var parameters: Int
    /// How often each operator occurs.
    package var operators: [String: Int]
    package var picture: Picture?
    /// What all this means for large pictures, in one sentence.
    package var meaning: String

    /// An input or output of the graph.
    package struct Port: Codable, Sendable {
        package var name: String
        package var type: String
        package var shape: String
    }

    /// What holds for a network that turns pictures into pictures.
    package struct Picture: Codable, Sendable {
        package var inputChannels, outputChannels: Int
        package var scale: String
        package var range, channels: String
        package var isMappingGuessed: Bool
        package var alignment: Int
        package var lostBorder: Int
        package var halo: Int?
        package var globalNodes: [String]
        package var multiplyAddsPerInputPixel: Double
        /// Bytes that streaming holds for each column of the picture; `nil` where it must see all rows.
        package var bytesPerColumn: Int?
        /// How many statistics of a whole picture it looks for; `nil` where something else is looked for.
        package var statistics: Int?
        /// What the fast precision costs, or why it does not differ.
        package var fast: Fast
    }

    /// What holds for the fast precision.
    package struct Fast: Codable, Sendable {
        /// The distance to the float32 result; `nil` where nothing differs.
        package var decibels: Double?
        /// The part of the multiply-adds that it covers.
        package var share: Double
        /// All this in words.
        package var meaning: String
    }

    package init(_ model: Model) {
        name = model.name
        file = model.path
        summary = model.card?.summary
        licence = model.card?.licence
        producer = model.source.producer
        opset = model.source.opset
        parameters = model.graph.parameterCount
        operators = model.source.graph.nodes.reduce(into: [:]) {
            $0[$1.operation.name, default: 0] += 1
        }
        let types = (try? model.graph.inferTypes()) ?? [:]
        func port(_ value: Graph.ValueID) -> Port {
            let type = types[value] ?? model.graph.values[value].type
            return Port(
                name: model.graph.values[value].name,
                type: type?.elementType.rawValue ?? "?",
                shape: type?.shape.map { text($0) } ?? "?"
            )
        }
        inputs = model.graph.inputs.map(port)
        outputs = model.graph.outputs.map(port)
        let further = model.furtherInputs.map(\.name).joined(separator: " and ")
        let complete = (try? model.completed()) ?? model
        switch complete.picture {
        case .success(let network):
            let picture = Picture(complete, network)
            self.picture = picture
            meaning =
                further.isEmpty
                ? picture.meaning : "With values for \(further), i\(picture.meaning.dropFirst())"
        case .failure(let error):
            meaning = "It runs on plain tensors only: \(error.message)."
        }
    }
}

extension ModelReport.Fast {
    fileprivate init(_ network: PictureNetwork, _ range: PixelMapping.Range) {
        (decibels, share) = (nil, 0)
        guard PictureNetwork.hasFastProducts else {
            meaning = "as full: this processor has no fast bfloat16 products (AVX-512 BF16)"
            return
        }
        guard let products = Model.fast(network, range)?.fastProducts else {
            meaning = "as full: the network cannot be tried on a small picture"
            return
        }
        decibels = products.decibels.isFinite ? products.decibels : nil
        share = products.share
        meaning = products.description
    }
}

extension ModelReport.Picture {
    fileprivate init(_ model: Model, _ network: PictureNetwork) {
        inputChannels = network.inputChannels
        outputChannels = network.outputChannels
        scale = network.scale.description
        range = model.mapping.range.rawValue
        channels = model.mapping.channels.rawValue
        isMappingGuessed = model.isMappingGuessed
        alignment = network.alignment
        lostBorder = network.lostBorder
        halo = network.halo
        globalNodes = network.globalNodes
        let size = network.fixedSize ?? (height: 768, width: 768)
        let fitted = try? network.fitted(height: size.height, width: size.width)
        statistics = (try? network.passes(height: size.height, width: size.width))?.count
        let streamed = network.halo == nil ? try? network.frozenStructure() : network
        bytesPerColumn = (try? streamed?.fitted(height: size.height, width: size.width))
            .flatMap { fitted in
                try? StreamPlan(fitted.sized, output: fitted.output, stripRows: 48)
            }
            .map { $0.featureBytes / size.width }
        fast = ModelReport.Fast(network, model.mapping.range)
        multiplyAddsPerInputPixel =
            fitted.map { Double($0.reach.multiplyAdds) / Double(size.height * size.width) } ?? 0
    }

    fileprivate var meaning: String {
        // A picture of 100 megapixels, 3 to 2.
        let large = bytesPerColumn.map { "\(max(1, ($0 * 12250) >> 20)) MiB for 100 megapixels" }
        guard let halo else {
            let count = globalNodes.count
            let nodes = "\(count) \(count == 1 ? "node" : "nodes")"
            guard statistics != nil, let large else {
                return
                    "It looks at the whole picture at once (\(nodes)), so a picture must fit into "
                    + "memory as feature maps."
            }
            return
                "It looks at the whole picture for statistics (\(nodes)); once they have been observed, "
                + "it runs on pictures of any size in bounded memory, \(large)."
        }
        return
            "It runs on pictures of any size in bounded memory"
            + (large.map { ", \($0)" } ?? "")
            + ": an output pixel depends on at most "
            + "\(halo) input \(halo == 1 ? "pixel" : "pixels") on each side."
    }
}
