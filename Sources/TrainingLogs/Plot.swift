/// Numbers over the steps of a run as lines, drawn as an SVG file.
package struct Plot: Sendable {
    /// One line; numbers that are not finite leave a gap.
    package struct Series: Sendable, Equatable {
        package var name: String
        package var points: [(step: Double, value: Double)]

        package init(_ name: String, _ points: [(step: Double, value: Double)]) {
            self.name = name
            self.points = points
        }

        package static func == (a: Series, b: Series) -> Bool {
            a.name == b.name && a.points.elementsEqual(b.points, by: ==)
        }
    }

    package var title: String
    package var series: [Series]
    package var scale: AxisScale
    package var size = (width: 900.0, height: 500.0)

    package init(_ title: String, _ series: [Series], scale: AxisScale = .linear) {
        self.title = title
        self.series = series
        self.scale = scale
    }

    /// The plot of some names of a log, or of all; long ones thinned to what can be seen.
    package init(
        _ title: String,
        records: [LogRecord],
        names: [String]? = nil,
        scale: AxisScale = .linear
    ) {
        let names = names ?? Set(records.flatMap(\.values.keys)).sorted()
        let series = names.map { name in
            Series(
                name,
                records.compactMap { record in
                    record.values[name].map { (Double(record.step), $0) }
                }
            )
        }
        self.init(title, series.map { $0.thinned(to: 400) }, scale: scale)
    }

    /// The whole file as text.
    package var svg: String { Drawing(self).text }

    package func write(to path: String) throws(LogError) {
        try LogFile(path, isEmptied: true).append(Array(svg.utf8))
    }
}

extension Plot.Series {
    /// At most `count` points, each the mean of as many neighbours at the step of the first.
    package func thinned(to count: Int) -> Plot.Series {
        let size = (points.count + count - 1) / count
        if size <= 1 { return self }
        let groups = stride(from: 0, to: points.count, by: size).map {
            points[$0..<min($0 + size, points.count)]
        }
        let means = groups.map { group in
            let sum = group.reduce(0) { $0 + $1.value }
            return (step: group.first!.step, value: sum / Double(group.count))
        }
        return Plot.Series(name, means)
    }
}
