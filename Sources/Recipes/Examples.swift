internal import Graphs
internal import Measures
internal import Tensors
internal import Training
internal import TrainingData
internal import TrainingLogs

/// Which samples a training learns from, and which are kept apart to measure it by.
struct Split {
    let training, measuring: [Int]

    /// Every 20th sample is kept apart; of fewer than 20 none is, and the first one is measured by.
    init(count: Int) {
        let isKept = { (index: Int) in count >= 20 && index % 20 == 19 }
        training = (0..<count).filter { !isKept($0) }
        measuring = count >= 20 ? (0..<count).filter(isKept) : [0]
    }

    /// The pictures of a folder that are kept apart, for a model's card.
    func heldOut(of photos: PictureFolder) -> [String] {
        measuring.filter { !training.contains($0) }.map { photos.name($0) }
    }
}

/// Samples that show how good a network is: what goes in and what should come out, as pictures
/// C × H × W of numbers from 0 to 1.
struct Examples {
    let pairs: [(input: Tensor, target: Tensor)]

    /// Input, output and target of up to four samples of the smallest size.
    func sheet(_ result: (Tensor) -> Tensor) -> SampleSheet {
        let side = pairs.map { $0.target.shape[1] }.min()!
        let shown = pairs.filter { $0.target.shape[1] == side }.prefix(4)
        return SampleSheet([
            Tensor(stacking: shown.map(\.input)),
            Tensor(stacking: shown.map { result($0.input) }),
            Tensor(stacking: shown.map(\.target)),
        ])
    }

    /// What comes out for every sample, beside what should.
    func results(_ result: (Tensor) -> Tensor) -> [(result: Tensor, target: Tensor)] {
        pairs.map { (result($0.input), $0.target) }
    }
}

extension PictureFolder {
    /// The middles of the first pictures, N × 3 × side × side from 0 to 1; the side is a smaller multiple
    /// of 4 where the pictures are smaller.
    func squares(_ count: Int, side: Int) throws(DataError) -> Tensor {
        var pictures: [Picture] = []
        for index in 0..<min(count, self.count) { pictures.append(try picture(index)) }
        let shortest = pictures.map { min($0.width, $0.height) }.min()!
        let side = side <= shortest ? side : shortest / 4 * 4
        return Tensor(stacking: pictures.map { $0.reducedCenter(side) })
    }
}

/// The channels of a picture of numbers from 0 to 1 as samples of 8 bits: whole numbers to 255.
func bytePlanes(of picture: Tensor) -> [Plane] {
    planes(of: picture.roundedToBytes).map { plane in
        let values = plane.values.map { ($0 * 255).rounded() }
        return Plane(width: plane.width, height: plane.height, values: values)
    }
}

extension Layer<Float> {
    /// What the network in use makes of a picture C × H × W of numbers from 0 to 1: another one.
    func picture(of input: Tensor, range: PixelRange = .unit) -> Tensor {
        let x = Variable<Float>(range.encoded(input.reshaped(to: [1] + input.shape)))
        let y = inference { self(x) }.tensor
        return range.decoded(y.reshaped(to: Array(y.shape.dropFirst())))
    }

    /// The network as it is exported.
    ///
    /// - Parameter side: of a picture that it takes.
    func graph(
        named name: String,
        channels: Int = 3,
        side: Int
    ) throws(GraphError) -> Graph {
        try Tracer.graph(
            of: self,
            named: name,
            sample: Variable([1, channels, side, side], repeating: 0)
        ) { self($0) }
    }
}

extension RecipeDescription.Network {
    /// What there is to say of a network that sees pictures of `side` × `side` pixels.
    init(_ name: String, _ network: some Layer<Float>, channels: Int = 3, side: Int) {
        let graph = try? network.graph(named: name, channels: channels, side: side)
        let reach = graph.flatMap { try? Reach($0, input: [1, channels, side, side]) }
        self.init(
            name,
            parameters: network.parameterCount,
            multiplyAdds: reach.map { Double($0.multiplyAdds) } ?? 0
        )
    }
}
