internal import Graphs
internal import Training

extension RecipeDescription.Network {
    /// A network that makes pictures, or a judgement, of square pictures of three channels.
    init<L: Layer<Float>>(of network: L, named name: String, side: Int) {
        let sample = Variable<Float>([1, 3, side, side], repeating: 0)
        let graph = try? Tracer.graph(of: network, named: name, sample: sample) { network($0) }
        let reach = graph.flatMap { try? Reach($0, input: [1, 3, side, side]) }
        self.init(
            name,
            parameters: network.parameterCount,
            multiplyAdds: reach.map { Double($0.multiplyAdds) } ?? 0
        )
    }
}
