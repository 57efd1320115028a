/// The mean over a square window of side 2 · radius + 1 around every pixel, cut at the borders.
public func boxMean(_ values: [Float], width: Int, height: Int, radius: Int) -> [Float] {
    // First along rows, then along columns: the windows' parts inside the picture are rectangles.
    let rows = lineMeans(values, lines: height, lineStride: width, length: width, step: 1, radius)
    return lineMeans(rows, lines: width, lineStride: 1, length: height, step: width, radius)
}

private func lineMeans(
    _ values: [Float],
    lines: Int,
    lineStride: Int,
    length: Int,
    step: Int,
    _ radius: Int
) -> [Float] {
    var means = values
    for line in 0..<lines {
        let start = line * lineStride
        var sum = 0.0
        for i in 0..<min(radius, length) { sum += Double(values[start + i * step]) }
        for i in 0..<length {
            if i + radius < length { sum += Double(values[start + (i + radius) * step]) }
            if i - radius - 1 >= 0 { sum -= Double(values[start + (i - radius - 1) * step]) }
            let count = min(i + radius, length - 1) - max(i - radius, 0) + 1
            means[start + i * step] = Float(sum / Double(count))
        }
    }
    return means
}
