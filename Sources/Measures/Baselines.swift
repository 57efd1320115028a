/// The mean of pictures of one size, pixel by pixel: the best that can be said without looking.
package func meanPicture(_ pictures: [[Plane]]) -> [Plane] {
    precondition(!pictures.isEmpty, "there are pictures")
    var sum = pictures[0]
    for picture in pictures.dropFirst() {
        for channel in sum.indices {
            for i in sum[channel].values.indices {
                sum[channel].values[i] += picture[channel].values[i]
            }
        }
    }
    for channel in sum.indices {
        for i in sum[channel].values.indices { sum[channel].values[i] /= Double(pictures.count) }
    }
    return sum
}

/// Which of some pictures of one size comes nearest to another, and their PSNR in decibels.
///
/// A result that lies too near to a picture a network was trained on was remembered, not made.
package func nearest(
    to picture: [Plane],
    among others: [[Plane]],
    peak: Double = 255
) -> (index: Int, peakSignalToNoise: Double)? {
    others.enumerated()
        .map { ($0.offset, peakSignalToNoise(picture, $0.element, peak: peak)) }
        .max { $0.1 < $1.1 }
}
