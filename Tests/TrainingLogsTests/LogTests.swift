import Foundation
import Support
import Tensors
import Testing
import TrainingLogs
import Vips

@Suite struct LogTests {
    private func record(_ step: Int, _ loss: Double) -> LogRecord {
        LogRecord(step: step, time: 1.5, values: ["loss": loss, "a \"quoted\"\nname": 1e-9])
    }

    @Test("what is written is read again, by us and by Foundation")
    func lines() throws {
        let folder = try TemporaryFolder()
        let log = try JSONLog(folder.path("log.jsonl"))
        try log.write(record(0, 0.1))
        try log.write(record(1, .infinity))
        let records = try JSONLog.records(in: folder.path("log.jsonl"))
        #expect(records[0] == record(0, 0.1))
        #expect(try #require(records[1].values["loss"]).isNaN)
        let text = try String(contentsOfFile: folder.path("log.jsonl"), encoding: .utf8)
        for line in text.split(separator: "\n") {
            _ = try JSONSerialization.jsonObject(with: Data(line.utf8))
        }
    }

    @Test("a resumed log is that of a run that never stopped")
    func resuming() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("log.jsonl")
        var log = try JSONLog(path)
        for step in 0..<10 { try log.write(record(step, Double(step))) }
        let whole = try Data(contentsOf: URL(filePath: path))
        // It was killed while it wrote a line down.
        try (String(decoding: whole, as: UTF8.self) + "{\"step\":10,\"ti")
            .write(toFile: path, atomically: true, encoding: .utf8)
        log = try JSONLog(path, start: 4)
        for step in 4..<10 { try log.write(record(step, Double(step))) }
        #expect(try Data(contentsOf: URL(filePath: path)) == whole)
        _ = try JSONLog(path)
        #expect(try JSONLog.records(in: path).isEmpty)
    }

    @Test("a damaged log says where")
    func errors() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("{\"step\":1,\"time\":0,\"values\":{}}\nhello\n", to: "log")
        #expect(throws: LogError("\(path): expected JSON in line 2, found something else")) {
            try JSONLog.records(in: path)
        }
        #expect(throws: LogError("\(path)x: expected a log, found no file that can be read")) {
            try JSONLog.records(in: path + "x")
        }
    }

    @Test("a sheet has a row for each sample and a column for each batch")
    func sheets() throws {
        let grey = Tensor(shape: [2, 1, 1, 1], values: [0, 0.5] as [Float])
        let color = Tensor(
            shape: [2, 3, 2, 2],
            values: (0..<24).map { Float($0) / 24 }
        )
        let sheet = SampleSheet([grey, color]).picture
        #expect(sheet.shape == [3, 2 * 6 + 4, 2 * 6 + 4])
        let values = sheet.array(of: Float.self)
        func pixel(_ channel: Int, _ x: Int, _ y: Int) -> Float {
            values[(channel * 16 + y) * 16 + x]
        }
        for channel in 0..<3 {
            // A small picture fills its place, in all channels.
            #expect(pixel(channel, 4, 4) == 0 && pixel(channel, 5, 5) == 0)
            #expect(pixel(channel, 4, 10) == 0.5 && pixel(channel, 5, 11) == 0.5)
            #expect(pixel(channel, 10, 10) == Float(12 + channel * 4) / 24)
            #expect(pixel(channel, 11, 11) == Float(12 + channel * 4 + 3) / 24)
            // What lies between is white.
            #expect(pixel(channel, 0, 0) == 1 && pixel(channel, 6, 4) == 1)
        }
        let folder = try TemporaryFolder()
        try SampleSheet([grey, color]).write(to: folder.path("sheet.png"))
        let image = try Image.open(folder.path("sheet.png"), sequentially: false)
        let wanted = (0..<(16 * 16)).flatMap { i in
            (0..<3).map { UInt8((values[$0 * 256 + i] * 255).rounded()) }
        }
        #expect(try image.bytes() == wanted)
    }

    @Test("a plot has a line for each series, with gaps where numbers are missing")
    func plots() throws {
        let series = [
            Plot.Series("a < b & c", [(0, 1), (1, 10), (2, .nan), (3, 100), (4, 0), (5, 10)]),
            Plot.Series("other", [(0, 1000), (5, 1)]),
        ]
        let plain = Plot("Loss", series).svg
        #expect(plain.components(separatedBy: "<polyline").count - 1 == 3)
        #expect(plain.contains("a &lt; b &amp; c"))
        // On a logarithmic axis 0 has no place: one point is left on either side.
        let svg = Plot("Loss", series, scale: .logarithmic).svg
        #expect(svg.components(separatedBy: "<polyline").count - 1 == 2)
        #expect(svg.components(separatedBy: "<circle").count - 1 == 2)
        // Ten is a third of the way from 1 to 1000: the page is 500 high, with 408 for the plot.
        let line = try #require(svg.components(separatedBy: "points=\"").dropFirst().first)
        #expect(line.hasPrefix("70,452 "))
        #expect(line.components(separatedBy: "\"")[0].hasSuffix(",316"))
        let empty = Plot("Nothing", []).svg
        for text in [plain, svg, empty] {
            _ = try XMLChecker.check(text)
        }
    }

    @Test("a plot stays readable when a run diverges", arguments: [1e-30, 1e-3, 1, 2.5e5, 1e38])
    func extremes(size: Double) {
        for scale in [AxisScale.linear, .logarithmic] {
            for values in [[size], [size, 2 * size], [-size, size], [0, 0], [size, .infinity]] {
                let points = values.enumerated().map { (Double($0.offset), $0.element) }
                let svg = Plot("Loss", [Plot.Series("a", points)], scale: scale).svg
                #expect(!svg.contains("nan") && !svg.contains("inf"), "\(values)")
                // As many numbers on the axis as a reader can take in.
                let labels = svg.components(separatedBy: "text-anchor=\"end\"").count - 1
                #expect((2...12).contains(labels), "\(values): \(labels)")
            }
        }
    }

    @Test("a long series is thinned to means")
    func thinning() {
        let series = Plot.Series("a", (0..<1000).map { (Double($0), Double($0 % 2)) })
        let thin = series.thinned(to: 100)
        #expect(thin.points.count == 100)
        #expect(thin.points.allSatisfy { $0.value == 0.5 })
        #expect(thin.points[1].step == 10)
        #expect(Plot.Series("b", []).thinned(to: 10).points.isEmpty)
    }
}

/// Whether tags of a text are closed in the order in which they were opened.
private enum XMLChecker {
    struct Unbalanced: Error {}

    static func check(_ text: String) throws {
        var open: [Substring] = []
        for part in text.split(separator: "<").map({ $0.prefix { $0 != ">" } }) {
            if part.hasPrefix("/") {
                guard open.popLast() == part.dropFirst() else { throw Unbalanced() }
            } else if !part.hasSuffix("/") {
                open.append(part.prefix { $0 != " " })
            }
        }
        guard open.isEmpty else { throw Unbalanced() }
    }
}
