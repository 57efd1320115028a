import Graphs
import Support
import Tensors
import Testing
import Training

/// A traced network gives the numbers of the network, at other sizes than it was traced at too.
@Suite struct TracingTests {
    private static func networks() -> [(name: String, network: any Layer<Float>)] {
        let initial = Initialization(.kaimingNormal, Randomness(seed: 3).stream("weights"))
        return [
            ("residual generator", ResidualGenerator<Float>(features: 4, blocks: 1, initial)),
            (
                "super-resolution",
                SuperResolutionResidual<Float>(features: 4, blocks: 1, scale: 2, initial)
            ),
            ("9-1-9", ThreeLayerNetwork<Float>(initial)),
            (
                "mixed",
                Sequential<Float> {
                    Training.Convolution(3, 6, kernel: 3, padding: .replicate(1), initial)
                    BatchNorm(6, initial)
                    Apply { leakyRelu($0) }
                    Training.TransposedConvolution(6, 4, kernel: 4, stride: 2, padding: 1, initial)
                    InstanceNorm(4, initial)
                    Apply { elu($0) }
                    PReLU(4)
                    LayerNorm(4, initial)
                    Apply { concatenated([$0, 1 - sigmoid($0) * 2]) }
                    Enlarge(2, .bilinear)
                    Apply { $0.averagePooled(2).slice(1, 1..<5) }
                    Apply { $0.clamped(to: -0.5...0.5) / (sqrt(square($0) + 1)) }
                }
            ),
        ]
    }

    @Test("the graph equals the network", arguments: 0..<4)
    func equal(index: Int) throws {
        let (name, network) = Self.networks()[index]
        func check<L: Layer<Float>>(_ network: L) throws {
            // Running means that differ from those of a fresh network.
            var random = SeededRandom(index)
            _ = network(Variable(random.tensor([2, 3, 16, 16])))
            let graph = try Tracer.graph(
                of: network,
                named: name,
                sample: Variable([1, 3, 16, 16], repeating: 0)
            ) { network($0) }
            for (height, width) in [(16, 16), (24, 12)] {
                let x = random.tensor([1, 3, height, width])
                let wanted = inference { network(Variable(x)) }.tensor
                let found = try graph.evaluate([x])[0]
                #expect(
                    difference(found, wanted, tolerance: 1e-5) == nil,
                    "\(name) at \(width) × \(height)"
                )
            }
            #expect(graph.parameterCount > 0 && graph.values[graph.inputs[0]].name == "input")
        }
        try check(network)
    }
}
