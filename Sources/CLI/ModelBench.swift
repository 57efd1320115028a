import ArgumentParser
import Engine
import Foundation
internal import Graphs
import Inference
import Kernels
import Tensors

struct ModelBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures how fast a network computes a picture of random numbers.",
        discussion: """
            Effective GFLOP/s are twice the multiply-adds of the network as it is written, divided by \
            the time; a method that multiplies less can surpass the machine's peak. The last line is \
            the median in milliseconds.
            """
    )

    @Argument(help: "A model's name, or an ONNX file.")
    var model: String

    @Option(help: "Rows and columns of the picture.")
    var size = 256

    @Option(help: "Threads to compute with; one for each core if not given.")
    var threads: Int?

    @Option(help: "Timed runs; as many as fill about two seconds, but at least 7, if not given.")
    var repeats: Int?

    @Option(help: "Rows of the picture in a strip; as many as suit it if not given.")
    var strip: Int?

    @OptionGroup var precisionOption: PrecisionOption

    @Flag(help: "Also print the time of each step.")
    var profile = false

    @Flag(help: "Print the results as JSON.")
    var json = false

    func validate() throws {
        guard size >= 1, threads ?? 1 >= 1, repeats ?? 1 >= 1, strip ?? 1 >= 1 else {
            throw ValidationError("expected a size, threads, repeats and a strip of at least 1")
        }
    }

    func run() throws {
        let threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
        WorkerPool.setThreads(threads)
        setMatrixProductThreads(1)
        let model = try ModelLibrary(precision: precisionOption.precision).model(model)
        let network = try model.pictureNetwork()
        let shape = [1, network.inputChannels, size, size]
        let stream = StreamRun(try network.plan(for: shape, stripRows: strip))
        var random = SystemRandomNumberGenerator()
        let picture = Tensor(
            shape: shape,
            values: (0..<shape.elementCount).map { _ in Float.random(in: 0..<1, using: &random) }
        )
        func time() throws -> Double {
            stream.restart()
            let clock = ContinuousClock()
            return try clock.measure { _ = try stream.evaluate(picture, .shared) } / .seconds(1)
        }
        _ = try time()
        let once = try time()
        let count = repeats ?? min(200, max(7, Int(2 / max(once, 1e-6))))
        stream.isTimed = profile
        let times = try (0..<count).map { _ in try time() }.sorted()
        let median = times[count / 2]
        let report = BenchReport(
            model: model.name,
            size: size,
            threads: threads,
            repeats: count,
            milliseconds: median * 1e3,
            leastMilliseconds: times[0] * 1e3,
            stripRows: stream.plan.stripRows,
            bytes: stream.plan.bytes,
            precision: describe(network.fastProducts),
            gigaflops: 2e-9 * stream.plan.multiplyAdds / median,
            peakGigaflops: 2e-9 * InstructionSet.current.peakMultiplyAdds * Double(threads),
            steps: profile
                ? stream.stepTimes.map { BenchReport.Step($0, runs: count, total: median) } : nil
        )
        if json {
            try printJSON(report)
        } else {
            print(report.text)
        }
    }
}

/// What a benchmark found, in a form for people and programs.
private struct BenchReport: Encodable {
    struct Step: Encodable {
        let operation, name: String
        let shape: [Int]
        let milliseconds: Double
        let gigaflops: Double
        /// Of the median of the whole.
        let share: Double

        init(_ step: StreamRun.StepTime, runs: Int, total: Double) {
            let seconds = step.time / .seconds(1) / Double(runs)
            operation = step.operation
            name = step.name
            shape = step.shape
            milliseconds = seconds * 1e3
            gigaflops = seconds > 0 ? 2e-9 * step.multiplyAdds / seconds : 0
            share = seconds / total
        }
    }

    let model: String
    let size, threads, repeats: Int
    let milliseconds, leastMilliseconds: Double
    let stripRows: Int
    let bytes: Int
    let precision: String
    let gigaflops, peakGigaflops: Double
    let steps: [Step]?

    var text: String {
        var lines = ["\(model): \(size) × \(size) pixels, \(threads) threads, \(repeats) runs"]
        if let steps {
            lines += steps.map { step in
                step.operation.padded(to: 24) + " " + step.name.padded(to: 32) + " "
                    + step.shape.dropFirst().map(String.init).joined(separator: "×").padded(to: 16)
                    + String(
                        format: "%9.3f ms %7.1f GFLOP/s %5.1f %%",
                        step.milliseconds,
                        step.gigaflops,
                        step.share * 100
                    )
            }
        }
        lines.append(
            String(
                format: "median %.2f ms, least %.2f ms, strips of %d rows, %d MiB",
                milliseconds,
                leastMilliseconds,
                stripRows,
                bytes >> 20
            )
        )
        lines.append("precision: \(precision)")
        lines.append(
            String(
                format: "%.1f effective GFLOP/s, %.0f %% of the multiply-add peak of %.1f",
                gigaflops,
                gigaflops / peakGigaflops * 100,
                peakGigaflops
            )
        )
        lines.append(String(format: "%.2f", milliseconds))
        return lines.joined(separator: "\n")
    }
}
