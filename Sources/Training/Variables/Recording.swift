/// How much operations remember for gradients.
package enum Recording: Sendable {
    /// Nothing: their results are plain numbers.
    case off
    /// What one gradient needs, in as little time and memory as can be.
    case once
    /// What gradients of gradients need as well.
    case twice

    @TaskLocal package static var current = Recording.once
}

/// Computes without remembering anything for gradients.
package func withoutRecording<Result>(_ body: () throws -> Result) rethrows -> Result {
    try Recording.$current.withValue(.off, operation: body)
}

/// What a network is run for: some layers differ.
package enum Phase: Sendable {
    case training, inference

    @TaskLocal package static var current = Phase.training
}

/// Runs networks as they will be used: nothing is recorded, dropped or gathered for statistics.
package func inference<Result>(_ body: () throws -> Result) rethrows -> Result {
    try Phase.$current.withValue(.inference) { try withoutRecording(body) }
}
