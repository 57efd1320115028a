import ArgumentParser
import Foundation
import Kernels
import Training

struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures how fast this machine computes.",
        subcommands: [BenchTrain.self]
    )
}

struct BenchTrain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Measures whole steps of training on random numbers.",
        discussion: """
            A step is forward, losses, backward, and the steps of the optimizers of all networks. \
            Times are medians; the peak memory is that of the process so far, so measure one system \
            at a time to compare it.
            """
    )

    @Option(
        help: ArgumentHelp(
            "Measure nothing but this: "
                + BenchmarkSystem.allCases.map(\.rawValue).joined(separator: ", ") + "."
        )
    )
    var system: BenchmarkSystem?

    @Option(help: "Samples in a step; as many as are usual for a system if not given.")
    var batch: Int?

    @Option(help: "Threads to compute with; one for each core if not given.")
    var threads: Int?

    @Option(help: "Timed steps; as many as fill about three seconds, but at least 5, if not given.")
    var repeats: Int?

    @Flag(help: "Print the results as JSON.")
    var json = false

    func validate() throws {
        guard batch ?? 1 >= 1, threads ?? 1 >= 1, repeats ?? 1 >= 1 else {
            throw ValidationError("expected a batch, threads and repeats of at least 1")
        }
    }

    func run() throws {
        let threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
        WorkerPool.setThreads(threads)
        setMatrixProductThreads(1)
        var reports: [Report] = []
        for system in system.map({ [$0] }) ?? BenchmarkSystem.allCases {
            let report = measure(system, threads: threads)
            if !json { print(report.text) }
            reports.append(report)
        }
        if json { try printJSON(reports) }
    }

    private struct Report: Encodable {
        let system: String
        let batch, threads, repeats: Int
        let milliseconds, leastMilliseconds: Double
        let peakMebibytes: Double

        var text: String {
            system.padded(to: 18) + " "
                + String(
                    format: "batch %2d, %d threads: median %.1f ms, least %.1f ms, %d steps; "
                        + "peak %.0f MiB",
                    batch,
                    threads,
                    milliseconds,
                    leastMilliseconds,
                    repeats,
                    peakMebibytes
                )
        }
    }

    private func measure(_ system: BenchmarkSystem, threads: Int) -> Report {
        let batch = batch ?? system.batch
        let step = system.step(batch: batch)
        func time() -> Double {
            let clock = ContinuousClock()
            return clock.measure { _ = step() } / .milliseconds(1)
        }
        // The first steps find no memory to use again.
        _ = time()
        let once = time()
        let count = repeats ?? min(100, max(5, Int(3000 / max(once, 1e-3))))
        let times = (0..<count).map { _ in time() }.sorted()
        return Report(
            system: system.rawValue,
            batch: batch,
            threads: threads,
            repeats: count,
            milliseconds: times[count / 2],
            leastMilliseconds: times[0],
            peakMebibytes: peakMebibytes
        )
    }

    /// What the process has held at most.
    private var peakMebibytes: Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Double(usage.ru_maxrss) / 1024
    }
}

extension BenchmarkSystem: ExpressibleByArgument {}
