/// Remembers generated pictures, so that a discriminator sees older ones beside the newest.
package final class ImagePool<Number: Real> {
    package let capacity: Int
    /// What is remembered, each [1, channels, height, width].
    package var images: [Variable<Number>] = []
    package let stream: RandomStream

    package init(capacity: Int = 50, _ stream: RandomStream) {
        self.capacity = capacity
        self.stream = stream
    }

    /// For each picture itself, or one remembered, which it then replaces.
    package func exchange(_ batch: Variable<Number>) -> Variable<Number> {
        withoutRecording {
            let batch = batch.detached
            return concatenated(
                (0..<batch.shape[0]).map { exchange(one: batch.slice(0, $0..<($0 + 1)).copy) },
                axis: 0
            )
        }
    }

    private func exchange(one image: Variable<Number>) -> Variable<Number> {
        if images.count < capacity {
            images.append(image)
            return image
        }
        guard stream.chance(0.5) else { return image }
        let place = stream.integer(below: capacity)
        defer { images[place] = image }
        return images[place]
    }
}
