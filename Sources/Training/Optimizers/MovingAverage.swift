/// Keeps a network that is the running average of another one.
package struct MovingAverage: Sendable {
    /// The share of the old average that stays at every step.
    package var decay: Double

    package init(decay: Double) { self.decay = decay }

    /// Makes `average` the same as `network`.
    package func start<Number: Real>(
        _ average: any Module<Number>,
        from network: any Module<Number>
    ) {
        MovingAverage(decay: 0).update(average, from: network)
    }

    /// Parameters are averaged, buffers copied.
    ///
    /// Both are networks of one shape.
    package func update<Number: Real>(
        _ average: any Module<Number>,
        from network: any Module<Number>
    ) {
        withoutRecording {
            for (old, new) in zip(average.parameters, network.parameters) {
                let mean =
                    old.variable * Number(decay) + new.variable * Number(1 - decay)
                old.set(mean)
            }
            for (old, new) in zip(average.namedBuffers, network.namedBuffers) {
                old.buffer.variable = new.buffer.variable
            }
        }
    }
}
