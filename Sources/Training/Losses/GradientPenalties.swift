/// How the logits of one sample become one number, whose gradient is penalised.
package enum LogitSummary: Sendable {
    case mean, sum
}

/// mean (‖∇d(x̂)‖ − 1)² at random points x̂ between real and fake samples.
package func interpolatedPenalty<Number: Real>(
    real: Variable<Number>,
    fake: Variable<Number>,
    mixing shares: Variable<Number>,
    summary: LogitSummary = .mean,
    _ discriminator: (Variable<Number>) -> Variable<Number>
) -> Variable<Number> {
    let shares = shares.reshaped([real.shape[0], 1, 1, 1])
    let points = withoutRecording { real * shares + fake * (1 - shares) }
    return Recording.$current.withValue(.twice) {
        let norms = squaredGradientNorms(at: points, summary, discriminator)
        return square(sqrt(norms + 1e-12) - 1).mean()
    }
}

/// mean ‖∇d(x)‖² at real samples; R1 is γ/2 times that.
package func realGradientPenalty<Number: Real>(
    real: Variable<Number>,
    summary: LogitSummary = .mean,
    _ discriminator: (Variable<Number>) -> Variable<Number>
) -> Variable<Number> {
    Recording.$current.withValue(.twice) {
        squaredGradientNorms(at: real, summary, discriminator).mean()
    }
}

/// ‖∇d‖² for every sample: [batch].
private func squaredGradientNorms<Number: Real>(
    at points: Variable<Number>,
    _ summary: LogitSummary,
    _ discriminator: (Variable<Number>) -> Variable<Number>
) -> Variable<Number> {
    let points = points.detached.tracked
    let logits = discriminator(points)
    let batch = logits.shape[0]
    // Samples do not meet in a discriminator, so the sum's gradient holds each one's own.
    let total = logits.sum() * (summary == .sum ? 1 : Number(batch) / Number(logits.count))
    let gradient = total.gradients(for: [points], recording: .once)[0]
    return square(gradient).flattened().sum([1]).reshaped([batch])
}
