package import Tensors
package import Training

/// Everything that the steps of a training change, by name.
package struct TrainingState {
    package var networks: [(name: String, network: any Module<Float>)] = []
    package var optimizers: [(name: String, optimizer: any Optimizer<Float>)] = []
    package var pools: [(name: String, pool: ImagePool<Float>)] = []
    package var streams: [(name: String, stream: RandomStream)] = []

    package init() {}

    // MARK: Saving

    /// All of it as tensors, of which copies are made.
    package var tensors: [String: Tensor] {
        var result: [String: Tensor] = [:]
        for (name, network) in networks {
            for (own, parameter) in network.namedParameters {
                result["\(name).\(own)"] = parameter.variable.tensor
            }
            for (own, buffer) in network.namedBuffers {
                result["\(name).\(own)"] = buffer.variable.tensor
            }
        }
        for (name, optimizer) in optimizers {
            result["\(name).steps"] = Tensor(Int64(optimizer.steps))
            for (kind, values) in optimizer.moments {
                for (index, value) in values.enumerated() {
                    result["\(name).\(kind).\(index)"] = value.variable.tensor
                }
            }
        }
        for (name, pool) in pools {
            for (index, image) in pool.images.enumerated() {
                result["\(name).\(index)"] = image.tensor
            }
        }
        for (name, stream) in allStreams { result[name] = Tensor(stream.position) }
        return result
    }

    /// Streams of its own and of layers and pools.
    private var allStreams: [(name: String, stream: RandomStream)] {
        var all = streams.map { (name: "\($0.name).position", stream: $0.stream) }
        for (name, network) in networks {
            all += network.namedStreams.map { ("\(name).\($0.name).position", $0.stream) }
        }
        return all + pools.map { ("\($0.name).position", $0.pool.stream) }
    }

    // MARK: Restoring

    /// Puts back what `tensors` gave.
    ///
    /// - Parameter path: the file they come from, for messages.
    package func restore(_ file: TensorFile, path: String) throws(RecipeError) {
        func tensor(_ name: String, _ shape: [Int]) throws(RecipeError) -> Tensor {
            guard let tensor = file.tensors[name] else {
                throw .wrongCheckpoint(path, expected: "\"\(name)\"", found: "none")
            }
            guard tensor.shape == shape else {
                throw .wrongCheckpoint(
                    path,
                    expected: "\"\(name)\" of shape \(shape)",
                    found: "\(tensor.shape)"
                )
            }
            return tensor
        }
        for (name, network) in networks {
            for (own, parameter) in network.namedParameters {
                parameter.set(
                    Variable(try tensor("\(name).\(own)", parameter.variable.shape))
                )
            }
            for (own, buffer) in network.namedBuffers {
                buffer.variable = Variable(try tensor("\(name).\(own)", buffer.variable.shape))
            }
        }
        for (name, optimizer) in optimizers {
            optimizer.steps = try tensor("\(name).steps", []).integers[0]
            for (kind, values) in optimizer.moments {
                for (index, value) in values.enumerated() {
                    let own = try tensor("\(name).\(kind).\(index)", value.variable.shape)
                    value.variable = Variable(own)
                }
            }
        }
        for (name, pool) in pools {
            var images: [Variable<Float>] = []
            while let image = file.tensors["\(name).\(images.count)"] {
                images.append(Variable(image))
            }
            pool.images = images
        }
        for (name, stream) in allStreams {
            stream.position = UInt64(try tensor(name, []).array(of: UInt64.self)[0])
        }
    }
}
