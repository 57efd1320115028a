package import Kernels
package import Tensors

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
    /// A size that the network can take.
    private let probedSize: [Int]
    /// Weights that all sizes of picture share.
    private let weights = WeightCache()
    /// The convolutions with bfloat16 products, and what they cost; `nil` where none are wanted.
    package var fastProducts: FastProducts?

    /// - Throws: when the graph does not turn one N×C×height×width picture into another. Several
    ///   pictures of one size count as one that has the channels of all.
    package init(_ graph: Graph) throws(GraphError) {
        let graph = graph.withJoinedInputs
        guard graph.inputs.count == 1, let type = graph.values[graph.inputs[0]].type,
            type.elementType == .float32, let shape = type.shape, shape.count == 4
        else {
            throw GraphError(
                "expected one picture of shape N×C×height×width as input, found \(Self.describe(graph))"
            )
        }
        guard let channels = shape[1].constant else {
            throw GraphError("expected a number of channels, found \"\(shape[1])\"")
        }
        self.graph = graph
        inputChannels = channels
        let declared = shape[2].constant.flatMap { h in shape[3].constant.map { (h, $0) } }
        fixedSize = declared.map { (height: $0.0, width: $0.1) }
        let flow = try Self.probe(graph, channels: channels, declared: declared)
        let reach = flow.reach
        probedSize = Array(reach.shapes[graph.inputs[0]]![2...])
        guard let index = graph.outputs.firstIndex(where: { Self.isPicture($0, reach) }) else {
            throw GraphError("expected a picture as output, found \(Self.describe(outputs: reach))")
        }
        outputIndex = index
        let output = graph.outputs[index]
        outputChannels = reach.channels(of: output)
        guard let rows = reach.scales[output]?[.rows],
            let columns = reach.scales[output]?[.columns],
            rows == columns
        else {
            throw GraphError(
                "expected an output as many times as high as wide as the input, found other scales"
            )
        }
        scale = rows
        alignment = reach.alignment
        globalNodes = reach.globalNodes.map { flow.graph.nodes[$0].label }
        let lost =
            reach.length(of: graph.inputs[0], .rows)
            - reach.length(of: output, .rows) * rows.denominator / rows.numerator
        lostBorder = max(0, (lost + 1) / 2)
        halo = globalNodes.isEmpty ? Self.halo(flow, output, scale, lostBorder: lostBorder) : nil
    }

    /// The reach at some size that the network can take.
    func reach() throws(GraphError) -> Reach {
        try Reach(graph, input: [1, inputChannels] + probedSize)
    }

    /// How rows and columns depend on each other at a size that suits the network, preferably a large
    /// one.
    private static func probe(
        _ graph: Graph,
        channels: Int,
        declared: (Int, Int)?
    ) throws(GraphError) -> Flow {
        if let declared {
            return try Flow(graph, input: [1, channels, declared.0, declared.1])
        }
        if let flow = try? Flow(graph, input: [1, channels, 3072, 3072]) { return flow }
        return try Flow(graph, input: [1, channels, 512, 512])
    }

    private static func isPicture(_ output: Graph.ValueID, _ reach: Reach) -> Bool {
        guard let axes = reach.axes[output], let shape = reach.shapes[output] else { return false }
        return axes.rows != nil && axes.columns != nil && shape.count == 4 && shape[0] == 1
            && reach.types[output]?.elementType == .float32
    }

    private static func halo(
        _ flow: Flow,
        _ output: Graph.ValueID,
        _ scale: Ratio,
        lostBorder: Int
    ) -> Int {
        var halo = 0
        for direction in Direction.allCases {
            // A block of outputs in the middle that stands for whole input pixels.
            let length = flow.length(output, direction)
            let block = scale.numerator
            let start = length / 2 / block * block
            let needed = flow.needs(for: start..<(start + block), of: output, direction)
            let seen = needed[flow.graph.inputs[0]] ?? 0..<0
            let own = start / block * scale.denominator + lostBorder
            halo = max(halo, own - seen.lowerBound, seen.upperBound - own - scale.denominator)
        }
        return halo
    }

    // MARK: At a given size

    /// The network for pictures of one size: what comes out has exactly `scale` times that size.
    package struct Fitted: Sendable {
        /// What the network needs around the picture: copies of its edge pixels.
        package let border: Border
        /// The network at the size of the picture with its border.
        package let sized: SizedNetwork
        /// The sides of the result; the network's own output may go on beyond them.
        package let outputHeight, outputWidth: Int
        package let scale: Ratio
        package let output: Graph.ValueID

        package var reach: Reach { sized.flow.reach }
        /// The sides of the picture with its border.
        package var height: Int { reach.length(of: reach.graph.inputs[0], .rows) }
        package var width: Int { reach.length(of: reach.graph.inputs[0], .columns) }

        /// The whole picture, as pictures go through the network: from a tensor without border to one of
        /// the result's size.
        package func run(_ picture: Tensor, _ pool: WorkerPool) throws -> Tensor {
            let plan = try StreamPlan(
                sized,
                output: output,
                rows: 0..<outputHeight,
                columns: 0..<outputWidth,
                budget: 1 << 30
            )
            return try StreamRun(plan).evaluate(border.added(to: picture), pool)
        }

        /// The whole picture at once, by the operators' definitions: from a tensor without border to
        /// one of the result's size.
        package func evaluate(_ picture: Tensor) throws(GraphError) -> Tensor {
            let index = reach.graph.outputs.firstIndex(of: output)!
            let result = try reach.graph.evaluate([border.added(to: picture)])[index]
            // Without an axis of its own a direction has one position.
            let axes = reach.axes[output]
            var shape = result.shape
            if let rows = axes?.rows { shape[rows] = outputHeight }
            if let columns = axes?.columns { shape[columns] = outputWidth }
            return result.viewed(shape: shape, strides: result.shape.strides)
        }
    }

    /// The network on a picture as it is, without a border, at the graph's own output size.
    ///
    /// - Parameter picture: [1, channels, height, width].
    package func run(_ picture: Tensor, _ pool: WorkerPool) throws -> Tensor {
        try StreamRun(plan(for: picture.shape)).evaluate(picture, pool)
    }

    /// How `run` computes pictures of a shape.
    ///
    /// - Parameter stripRows: rows of the input in a strip; as many as suit the picture if not given.
    package func plan(for shape: [Int], stripRows: Int? = nil) throws(GraphError) -> StreamPlan {
        try plan(for: shape, stripRows: stripRows, fast: fastConvolutions, weights: weights)
    }

    private var fastConvolutions: Set<Int> { fastProducts?.convolutions ?? [] }

    /// - Parameter fast: convolutions that may be computed with bfloat16 products.
    func plan(
        for shape: [Int],
        stripRows: Int? = nil,
        fast: Set<Int>,
        weights: WeightCache
    ) throws(GraphError) -> StreamPlan {
        let sized = try SizedNetwork(graph, input: shape, weights: weights, fast: fast)
        return try StreamPlan(
            sized,
            output: graph.outputs[outputIndex],
            stripRows: stripRows,
            budget: 1 << 30
        )
    }

    /// Pixels around a picture.
    package struct Border: Sendable, Equatable {
        /// At the left and at the top.
        package var before = 0
        package var right = 0
        package var bottom = 0

        package static let none = Border()

        package func added(to picture: Tensor) -> Tensor {
            let counts = [0, 0, before, before, 0, 0, bottom, right].map { Int64($0) }
            let pads = Tensor(shape: [8], values: counts)
            // Four axes and eight counts always fit.
            return (try? Pad(.edge).evaluate([picture, pads])[0]) ?? picture
        }
    }

    /// Fits the network to a size, with a border where the network needs one: as wide as it loses, and
    /// up to the next size that it can take.
    package func fitted(height: Int, width: Int) throws(GraphError) -> Fitted {
        if let plain = try? fit(height, width, .none) { return plain }
        if let fixedSize {
            guard fixedSize == (height, width) else {
                throw GraphError(
                    "expected a picture of \(fixedSize.width) × \(fixedSize.height) pixels, the only "
                        + "size this network takes, found \(width) × \(height)"
                )
            }
        }
        func border(_ side: Int) -> Int {
            let least = side + 2 * lostBorder
            return least.ceiledQuotient(by: alignment) * alignment - side - lostBorder
        }
        return try fit(
            height,
            width,
            Border(before: lostBorder, right: border(width), bottom: border(height))
        )
    }

    private func fit(_ height: Int, _ width: Int, _ border: Border) throws(GraphError) -> Fitted {
        let shape = [
            1, inputChannels, height + border.before + border.bottom,
            width + border.before + border.right,
        ]
        let sized = try SizedNetwork(
            graph,
            input: shape,
            weights: weights,
            fast: fastConvolutions
        )
        let reach = sized.flow.reach
        let fitted = Fitted(
            border: border,
            sized: sized,
            outputHeight: height * scale.numerator / scale.denominator,
            outputWidth: width * scale.numerator / scale.denominator,
            scale: scale,
            output: graph.outputs[outputIndex]
        )
        guard Self.isPicture(fitted.output, reach) else {
            throw GraphError(
                "expected a picture to come out of \(width) × \(height) pixels, found "
                    + Self.describe(outputs: reach)
            )
        }
        let rows = reach.length(of: fitted.output, .rows)
        let columns = reach.length(of: fitted.output, .columns)
        // Without a border nothing may be left over: it would be a matter of rounding.
        let isEnough =
            border == .none
            ? rows == fitted.outputHeight && columns == fitted.outputWidth
            : rows >= fitted.outputHeight && columns >= fitted.outputWidth
        guard isEnough else {
            throw GraphError(
                "expected \(fitted.outputWidth) × \(fitted.outputHeight) pixels to come out, found "
                    + "\(columns) × \(rows)"
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
        reach.graph.outputs.map {
            reach.shapes[$0].map { text($0) } ?? "something of unknown shape"
        }
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
