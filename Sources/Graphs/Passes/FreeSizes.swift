internal import Kernels

extension Pass {
    /// Makes a network that was saved for one picture size work for any, where it can.
    ///
    /// Fixed output sides of transposed convolutions and resizes become what they mean relative to
    /// the input, and the sides of the input become "height" and "width". Resizes to sides that
    /// are worked out from those of their input say by how much.
    ///
    /// A network that depends on its size in other ways stays as it is.
    package static let freeSizes = Pass(name: "free-sizes") { graph throws(GraphError) in
        guard let input = graph.inputs.first, graph.inputs.count == 1,
            let shape = graph.values[input].type?.shape, shape.count == 4
        else { return }
        var freed = graph
        var fixed = graph.values[input].type!
        // How many pictures there are at a time does not matter here.
        if shape[0].constant == nil { fixed.shape![0] = 1 }
        let types = try graph.inferTypes([fixed])
        for index in freed.nodes.indices {
            let node = freed.nodes[index]
            guard let source = node.inputs.first ?? nil, let sides = types[source]?.constantShape
            else { continue }
            if var operation = node.operation as? TransposedConvolution,
                operation.outputSides != nil
            {
                guard (try? operation.fixSides(Array(sides.dropFirst(2)))) != nil else { continue }
                freed.nodes[index].operation = operation
            } else if var operation = node.operation as? Resize, operation.scales == nil {
                guard let output = node.outputs[0].flatMap({ types[$0]?.constantShape }) else {
                    continue
                }
                operation.fixScales(from: sides, to: output)
                freed.nodes[index].operation = operation
            }
        }
        var type = graph.values[input].type!
        if shape[2].constant != nil { type.shape![2] = .named("height") }
        if shape[3].constant != nil { type.shape![3] = .named("width") }
        freed.setType(type, of: input)
        guard let types = try? freed.inferTypes() else { return }
        for index in freed.nodes.indices {
            let node = freed.nodes[index]
            guard var operation = node.operation as? Resize, operation.scales == nil,
                let source = node.input(0).flatMap({ types[$0]?.shape }),
                let result = node.outputs[0].flatMap({ types[$0]?.shape }),
                operation.setScales(from: source, to: result)
            else { continue }
            freed.nodes[index].operation = operation
            freed.nodes[index].inputs = Array(node.inputs.prefix(1))
        }
        freed.removeDeadNodes()
        graph = freed
    }
}

extension TransposedConvolution {
    /// Replaces fixed output sides by the padding that gives them for these input sides.
    fileprivate mutating func fixSides(_ sides: [Int]) throws(OperatorError) {
        var (before, after): ([Int], [Int]) = ([], [])
        for axis in rule.kernel.indices {
            let window = try geometry(axis, side: Dimension(sides[axis])).window
            before.append(window.padBefore)
            // Positions that no padding takes away are added instead.
            after.append(max(window.padAfter, 0))
            outputPadding[axis] += max(-window.padAfter, 0)
        }
        rule.pads = .explicit(before: before, after: after)
        outputSides = nil
    }
}

extension Resize {
    /// Replaces sides by scales, if they are the same whatever the sizes.
    ///
    /// Only where a short binary fraction says the scale exactly.
    fileprivate mutating func setScales(from sides: [Dimension], to output: [Dimension]) -> Bool {
        guard axes == nil, aspect == .stretch, resampling.coordinates != .tfCropAndResize,
            sides.count == output.count
        else { return false }
        var found: [Float] = []
        for (side, result) in zip(sides, output) {
            guard let (n, d) = result.ratio(to: side), d.nonzeroBitCount == 1, n < 1 << 12,
                d < 1 << 12
            else { return false }
            found.append(Float(n) / Float(d))
        }
        scales = found
        return true
    }

    /// Replaces fixed sides by scales, if the scales are simple enough to be meant.
    fileprivate mutating func fixScales(from sides: [Int], to output: [Int]) {
        guard axes == nil, aspect == .stretch, sides.count == output.count else { return }
        var found: [Float] = []
        for (side, result) in zip(sides, output) {
            let isWhole = side > 0 && (result % side == 0 || side % max(1, result) == 0)
            guard isWhole else { return }
            found.append(Float(result) / Float(side))
        }
        scales = found
    }
}
