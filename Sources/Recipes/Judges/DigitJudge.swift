internal import Tensors
internal import Training
internal import TrainingData

/// Reads digits: trained on pictures whose digits are known, it judges what networks make of them.
///
/// No network is ever trained to please it.
struct DigitJudge {
    private let layers: Sequential<Float>

    private init(channels: Int, _ initial: Initialization) {
        layers = Sequential {
            Convolution(channels, 16, kernel: 3, initial)
            Apply(relu)
            Apply { $0.maxPooled(2) }
            Convolution(16, 32, kernel: 3, initial)
            Apply(relu)
            Apply { $0.maxPooled(2) }
            Convolution(32, 64, kernel: 3, initial)
            Apply(relu)
            Apply { $0.averagePooled(2).flattened() }
            Linear(64 * 4 * 4, 64, initial)
            Apply(relu)
            Linear(64, 10, initial)
        }
    }

    /// A judge that has seen a few hundred batches.
    ///
    /// - Parameter items: of a `picture` C × 32 × 32 and its `digit`, 0 to 9.
    static func trained(
        on items: Items,
        channels: Int = 3,
        steps: Int = 600,
        seed: UInt64
    ) throws(DataError) -> DigitJudge {
        let stream = Randomness(seed: seed).stream("digit-judge")
        let judge = DigitJudge(channels: channels, Initialization(.kaimingNormal, stream))
        let optimizer = Adam(judge.layers.parameters, rate: 1e-3)
        let batches = Batches(items, size: 64, seed: seed)
        for step in 0..<steps {
            let batch = try batches.batch(step)
            let logits = judge.layers(Variable(batch["picture"]))
            optimizer.minimize(crossEntropy(logits, labels: batch["digit"].integers))
        }
        return judge
    }

    /// The digit that it sees in each picture.
    func digits(in pictures: [Tensor]) -> [Int] {
        stride(from: 0, to: pictures.count, by: 100).flatMap { start -> [Int] in
            let part = Array(pictures[start..<min(start + 100, pictures.count)])
            let logits = inference { layers(Variable(Tensor(stacking: part))) }.values
            return part.indices.map { index in
                (0..<10).max { logits[index * 10 + $0] < logits[index * 10 + $1] }!
            }
        }
    }

    /// The share of pictures in which it sees the digit that should be there.
    func accuracy(_ pictures: [Tensor], _ digits: [Int]) -> Double {
        let found = self.digits(in: pictures)
        return Double(zip(found, digits).count { $0 == $1 }) / Double(digits.count)
    }
}
