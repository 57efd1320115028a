/// Keeps a network that is the running average of another one.
package struct MovingAverage: Sendable {
    /// The share of the old average that stays at every step.
    package var decay: Double

    package init(decay: Double) { self.decay = decay }

    /// Makes `average` the same as `network`.
    package func start<N: Module>(_ average: N, from network: N) {
        MovingAverage(decay: 0).update(average, from: network)
    }

    /// Parameters are averaged, buffers copied.
    package func update<N: Module>(_ average: N, from network: N) {
        withoutRecording {
            for (old, new) in zip(average.parameters, network.parameters) {
                let mean =
                    old.variable * N.Number(decay) + new.variable * N.Number(1 - decay)
                old.set(mean)
            }
            for (old, new) in zip(average.namedBuffers, network.namedBuffers) {
                old.buffer.variable = new.buffer.variable
            }
        }
    }
}
