/// A plot laid out on its page: axes with marks, lines, and a legend to the right.
struct Drawing {
    /// Colours that people who see few of them can tell apart (Okabe and Ito, 2008), yellow left out.
    private static let colors = [
        "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000",
    ]
    /// Beyond the number of colours lines are dashed.
    private static let dashes = ["", "6 3", "2 3"]

    private let plot: Plot
    private let steps, values: Axis
    private let left = 70.0
    private let top = 44.0
    private let bottom = 48.0
    /// Room for the legend.
    private let right: Double

    init(_ plot: Plot) {
        self.plot = plot
        let points = plot.series.flatMap(\.points)
        steps = Axis(points.map(\.step), .linear, isTight: true)
        values = Axis(points.map(\.value), plot.scale)
        let longest = plot.series.map(\.name.count).max() ?? 0
        right = plot.series.isEmpty ? 20 : 52 + 7 * Double(min(longest, 40))
    }

    private var width: Double { plot.size.width - left - right }
    private var height: Double { plot.size.height - top - bottom }

    var text: String {
        let (pageWidth, pageHeight) = (short(plot.size.width), short(plot.size.height))
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(pageWidth)\" "
                + "height=\"\(pageHeight)\" viewBox=\"0 0 \(pageWidth) \(pageHeight)\" "
                + "font-family=\"Helvetica, Arial, sans-serif\" font-size=\"12\">",
            "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
            label(plot.title, x: left, y: 26, anchor: "start", attributes: " font-size=\"16\""),
        ]
        lines += valueMarks + stepMarks
        for (index, series) in plot.series.enumerated() { lines += drawn(series, index) }
        for (index, series) in plot.series.enumerated() { lines += legend(series.name, index) }
        return (lines + ["</svg>"]).joined(separator: "\n") + "\n"
    }

    private var valueMarks: [String] {
        values.ticks.flatMap { tick -> [String] in
            guard let place = values.place(tick) else { return [] }
            let y = top + height * (1 - place)
            return [
                line(left, y, left + width, y, "#dddddd"),
                label(values.label(tick), x: left - 8, y: y + 4, anchor: "end"),
            ]
        } + [line(left, top, left, top + height, "#444444")]
    }

    private var stepMarks: [String] {
        steps.ticks.flatMap { tick -> [String] in
            guard let place = steps.place(tick) else { return [] }
            let x = left + width * place
            return [
                line(x, top + height, x, top + height + 5, "#444444"),
                label(steps.label(tick), x: x, y: top + height + 20, anchor: "middle"),
            ]
        } + [
            line(left, top + height, left + width, top + height, "#444444"),
            label("step", x: left + width / 2, y: plot.size.height - 10, anchor: "middle"),
        ]
    }

    /// A series as lines, one for each stretch without a gap; a point alone as a dot.
    private func drawn(_ series: Plot.Series, _ index: Int) -> [String] {
        var stretches: [[(Double, Double)]] = [[]]
        for point in series.points {
            if let x = steps.place(point.step), let y = values.place(point.value) {
                stretches[stretches.count - 1].append((left + width * x, top + height * (1 - y)))
            } else {
                stretches.append([])
            }
        }
        return stretches.filter { !$0.isEmpty }.map { points in
            if points.count == 1 {
                let (x, y) = (short(points[0].0), short(points[0].1))
                return "<circle cx=\"\(x)\" cy=\"\(y)\" r=\"2.5\" fill=\"\(color(index))\"/>"
            }
            let places = points.map { "\(short($0.0)),\(short($0.1))" }.joined(separator: " ")
            return "<polyline points=\"\(places)\" fill=\"none\" \(stroke(index))/>"
        }
    }

    private func legend(_ name: String, _ index: Int) -> [String] {
        let (x, y) = (left + width + 14, top + 10 + 20 * Double(index))
        let shown = name.count > 40 ? name.prefix(39) + "…" : name[...]
        return [
            "<line x1=\"\(short(x))\" y1=\"\(short(y))\" x2=\"\(short(x + 22))\" "
                + "y2=\"\(short(y))\" \(stroke(index))/>",
            label(String(shown), x: x + 28, y: y + 4, anchor: "start"),
        ]
    }

    private func color(_ index: Int) -> String { Self.colors[index % Self.colors.count] }

    private func stroke(_ index: Int) -> String {
        let dash = Self.dashes[index / Self.colors.count % Self.dashes.count]
        return "stroke=\"\(color(index))\" stroke-width=\"1.8\" stroke-linejoin=\"round\""
            + (dash.isEmpty ? "" : " stroke-dasharray=\"\(dash)\"")
    }
}

private func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ color: String) -> String
{
    "<line x1=\"\(short(x1))\" y1=\"\(short(y1))\" x2=\"\(short(x2))\" y2=\"\(short(y2))\" "
        + "stroke=\"\(color)\"/>"
}

private func label(
    _ text: String,
    x: Double,
    y: Double,
    anchor: String,
    attributes: String = ""
) -> String {
    let safe = text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
        .replacing(">", with: "&gt;")
    return "<text x=\"\(short(x))\" y=\"\(short(y))\" text-anchor=\"\(anchor)\"\(attributes)>"
        + "\(safe)</text>"
}

/// A length with one decimal.
private func short(_ number: Double) -> String {
    let rounded = (number * 10).rounded() / 10
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
}
