/// What a discriminator and a generator want of the logits: the larger, the more real.
package enum AdversarialLoss: String, Sendable, CaseIterable {
    /// The original game; the generator's loss is flat where the discriminator wins.
    case minimax
    case nonSaturating = "non-saturating"
    case leastSquares = "least-squares"
    /// Least squares behind a sigmoid.
    case leastSquaresSigmoid = "least-squares-sigmoid"
    case hinge
    /// Needs clipped weights or a penalty on gradients.
    case wasserstein

    package func discriminator<Number: Real>(
        real: Variable<Number>,
        fake: Variable<Number>
    ) -> Variable<Number> {
        switch self {
        case .minimax, .nonSaturating: softplus(-real).mean() + softplus(fake).mean()
        case .leastSquares: square(real - 1).mean() + square(fake).mean()
        case .leastSquaresSigmoid:
            square(sigmoid(real) - 1).mean() + square(sigmoid(fake)).mean()
        case .hinge: relu(1 - real).mean() + relu(1 + fake).mean()
        case .wasserstein: fake.mean() - real.mean()
        }
    }

    package func generator<Number: Real>(fake: Variable<Number>) -> Variable<Number> {
        switch self {
        case .minimax: -softplus(fake).mean()
        case .nonSaturating: softplus(-fake).mean()
        case .leastSquares: square(fake - 1).mean()
        case .leastSquaresSigmoid: square(sigmoid(fake) - 1).mean()
        case .hinge, .wasserstein: -fake.mean()
        }
    }
}
