internal import Tensors

/// A graph that turns a picture into a picture, and what is true of it at any size.
package struct PictureNetwork: Sendable {
    package let graph: Graph
    package let inputChannels, outputChannels: Int
    /// Output pixels along a side for an input pixel.
    package let scale: Ratio
    /// Input pixels at each side of the picture that have no output, as convolutions without
    /// padding leave them.
    package let lostBorder: Int
    /// Input pixels beyond its own place that an output pixel depends on, at most; `nil` where it
    /// depends on all of them.
    package let halo: Int?
    /// The nodes that look at the whole picture.
    package let globalNodes: [String]
    /// Sides of the input that the network can take are multiples of this.
    package let alignment: Int
    /// The only size that the network can take (height, width), if there is one.
    package let fixedSize: (height: Int, width: Int)?

    /// Which output of the graph is the picture.
    private let outputIndex: Int

    /// - Throws: when the graph does not turn one N×C×height×width picture into another.
    package init(_ graph: Graph) throws(GraphError) {
        guard graph.inputs.count == 1, let type = graph.values[graph.inputs[0]].type,
            type.elementType == .float32, let shape = type.shape, shape.count == 4
        else {
            throw GraphError("expected one picture of shape N×C×height×width as input, found \(Self.describe(graph))")
        }
        guard let channels = shape[1].constant else {
            throw GraphError("expected a number of channels, found \"\(shape[1])\"")
        }
        self.graph = graph
        inputChannels = channels
        let declared = shape[2].constant.flatMap { h in shape[3].constant.map { (h, $0) } }
        fixedSize = declared.map { (height: $0.0, width: $0.1) }
        let reach = try Self.probe(graph, channels: channels, declared: declared)
        guard let index = graph.outputs.firstIndex(where: { Self.isPicture($0, reach) }) else {
            throw GraphError("expected a picture as output, found \(Self.describe(outputs: reach))")
        }
        outputIndex = index
        let output = graph.outputs[index]
        outputChannels = reach.channels(of: output)
        guard let rows = reach.scales[output]?[.rows], let columns = reach.scales[output]?[.columns],
            rows == columns
        else {
            throw GraphError("expected an output as many times as high as wide as the input, found other scales")
        }
        scale = rows
        alignment = reach.alignment
        globalNodes = reach.globalNodes.map { graph.nodes[$0].label }
        let lost = reach.length(of: graph.inputs[0], .rows)
            - reach.length(of: output, .rows) * rows.denominator / rows.numerator
        lostBorder = max(0, (lost + 1) / 2)
        halo = globalNodes.isEmpty ? Self.halo(reach, output, scale, lostBorder: lostBorder) : nil
    }

    /// The reach at a size at which the network works, preferably a large one.
    private static func probe(
        _ graph: Graph,
        channels: Int,
        declared: (Int, Int)?
    ) throws(GraphError) -> Reach {
        if let declared {
            return try Reach(graph, input: [1, channels, declared.0, declared.1])
        }
        if let reach = try? Reach(graph, input: [1, channels, 3072, 3072]) { return reach }
        return try Reach(graph, input: [1, channels, 512, 512])
    }

    private static func isPicture(_ output: Graph.ValueID, _ reach: Reach) -> Bool {
        guard let axes = reach.axes[output], let shape = reach.shapes[output] else { return false }
        return axes.rows != nil && axes.columns != nil && shape.count == 4 && shape[0] == 1
    }

    private static func halo(
        _ reach: Reach,
        _ output: Graph.ValueID,
        _ scale: Ratio,
        lostBorder: Int
    ) -> Int {
        var halo = 0
        for direction in Direction.allCases {
            // A block of outputs in the middle that stands for whole input pixels.
            let length = reach.length(of: output, direction)
            let block = scale.numerator
            let start = length / 2 / block * block
            let seen = reach.inputInterval(behind: start..<(start + block), of: output, direction)
            let own = start / block * scale.denominator + lostBorder
            halo = max(halo, own - seen.lowerBound, seen.upperBound - own - scale.denominator)
        }
        return halo
    }

    // MARK: At a given size

    /// The network for pictures of one size: what comes out has exactly `scale` times that size.
    package struct Fitted: Sendable {
        package let reach: Reach
        package let height, width: Int
        package let outputHeight, outputWidth: Int
        package let scale: Ratio
        package let alignment: Int
        package let output: Graph.ValueID
        package var isGlobal: Bool { !reach.globalNodes.isEmpty }
    }

    /// Fits the network to a size, adding borders where the network needs them: as wide as it loses,
    /// or up to the next size that it can take.
    package func fitted(height: Int, width: Int) throws(GraphError) -> Fitted {
        if let plain = try? fit(graph, height, width) { return plain }
        if let fixedSize {
            guard fixedSize == (height, width) else {
                throw GraphError(
                    "expected a picture of \(fixedSize.width) × \(fixedSize.height) pixels, the only "
                        + "size this network takes, found \(width) × \(height)"
                )
            }
        }
        let (right, bottom) = (missing(width), missing(height))
        let before = lostBorder
        var padded = graph
        padded.pad(before: before, right: right + before, bottom: bottom + before)
        padded.cropOutput(
            outputIndex,
            height: height * scale.numerator / scale.denominator,
            width: width * scale.numerator / scale.denominator,
            axes: try Self.pictureAxes(of: self)
        )
        return try fit(padded, height, width)
    }

    /// How much a side falls short of one that the network can take.
    private func missing(_ side: Int) -> Int {
        (side + 2 * lostBorder).ceiledQuotient(by: alignment) * alignment - side - 2 * lostBorder
    }

    private static func pictureAxes(of network: PictureNetwork) throws(GraphError) -> PictureAxes {
        let size = network.fixedSize ?? (height: 512, width: 512)
        let reach = try Reach(
            network.graph,
            input: [1, network.inputChannels, size.height, size.width]
        )
        return reach.axes[network.graph.outputs[network.outputIndex]]!
    }

    private func fit(_ graph: Graph, _ height: Int, _ width: Int) throws(GraphError) -> Fitted {
        let reach = try Reach(graph, input: [1, inputChannels, height, width])
        let output = graph.outputs[outputIndex]
        let fitted = Fitted(
            reach: reach,
            height: height,
            width: width,
            outputHeight: height * scale.numerator / scale.denominator,
            outputWidth: width * scale.numerator / scale.denominator,
            scale: scale,
            alignment: alignment,
            output: output
        )
        guard reach.length(of: output, .rows) == fitted.outputHeight,
            reach.length(of: output, .columns) == fitted.outputWidth
        else {
            throw GraphError(
                "expected \(fitted.outputWidth) × \(fitted.outputHeight) pixels to come out, found "
                    + "\(reach.length(of: output, .columns)) × \(reach.length(of: output, .rows))"
            )
        }
        return fitted
    }

    // MARK: Messages

    private static func describe(_ graph: Graph) -> String {
        let inputs = graph.inputs.map { input in
            graph.values[input].type?.shape.map { text($0) } ?? "something of unknown shape"
        }
        return inputs.isEmpty ? "no input" : inputs.joined(separator: " and ")
    }

    private static func describe(outputs reach: Reach) -> String {
        reach.graph.outputs.map { reach.shapes[$0].map { text($0) } ?? "something of unknown shape" }
            .joined(separator: " and ")
    }
}

extension Reach {
    /// The axis that is neither the batch nor a direction of the picture.
    package func channelAxis(of value: Graph.ValueID) -> Int? {
        guard let own = axes[value], let shape = shapes[value] else { return nil }
        return shape.indices.dropFirst().first { $0 != own.rows && $0 != own.columns }
    }

    package func channels(of value: Graph.ValueID) -> Int {
        channelAxis(of: value).map { shapes[value]![$0] } ?? 1
    }
}

extension Graph {
    /// Adds a border to the input that repeats its edge.
    fileprivate mutating func pad(before: Int, right: Int, bottom: Int) {
        let counts = [0, 0, before, before, 0, 0, bottom, right].map { Int64($0) }
        let pads = addConstant("border", Tensor(shape: [8], values: counts))
        let input = inputs[0]
        let padded = addValue("bordered")
        for index in nodes.indices {
            nodes[index].inputs = nodes[index].inputs.map { $0 == input ? padded : $0 }
        }
        nodes.insert(Node(name: "border", Pad(.edge), inputs: [input, pads], outputs: [padded]), at: 0)
    }

    /// Keeps the first rows and columns of an output.
    fileprivate mutating func cropOutput(_ index: Int, height: Int, width: Int, axes: PictureAxes) {
        func list(_ name: String, _ values: [Int]) -> ValueID {
            addConstant(name, Tensor(shape: [values.count], values: values.map { Int64($0) }))
        }
        let inputs = [
            outputs[index], list("crop.starts", [0, 0]), list("crop.ends", [height, width]),
            list("crop.axes", [axes.rows!, axes.columns!]),
        ]
        outputs[index] = append(Slice(), named: "crop", inputs)
    }
}
