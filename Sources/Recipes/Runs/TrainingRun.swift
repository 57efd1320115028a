internal import FoundationEssentials
internal import Glibc
internal import TrainingLogs

/// A training from its first step to its last, or to where it was stopped.
///
/// A run that was killed goes on from its last checkpoint, and ends with the same bits as one that
/// was not: all that a step depends on is in the checkpoint or follows from the step's number.
package struct TrainingRun {
    /// What is going on, for whoever shows it.
    package enum Event {
        case warning(String)
        /// How many warnings there were in all; comes at the end if there were any.
        case warnings(count: Int)
        /// How many tensors of the first network were taken from a file, of how many.
        case started(from: String, taken: Int, all: Int)
        /// Losses of the last steps, how fast samples go by, and how much is left.
        case progress(Progress)
        case score(step: Int, name: String, value: Double, isBest: Bool)
    }

    package struct Progress: Sendable {
        package let step, steps: Int
        package let losses: [(name: String, value: Double)]
        package let samplesPerSecond: Double
        package let secondsLeft: Double
    }

    package enum End: Sendable, Equatable { case finished(step: Int), stopped(step: Int) }

    private let recipe: any Recipe
    private let settings: Settings
    private let folder: RunFolder
    private let minutes: Double
    private let isStopped: () -> Bool
    private let report: (Event) -> Void

    /// - Parameters:
    ///   - minutes: after which the run stops, if the last step has not come before.
    ///   - isStopped: asked after every step; a run that is stopped saves what it has.
    ///   - report: hears what is going on.
    package init(
        _ recipe: any Recipe,
        settings: Settings,
        folder: RunFolder,
        minutes: Double = .infinity,
        isStopped: @escaping () -> Bool = { false },
        report: @escaping (Event) -> Void = { _ in }
    ) {
        self.recipe = recipe
        self.settings = settings
        self.folder = folder
        self.minutes = minutes
        self.isStopped = isStopped
        self.report = report
    }

    /// Losses are shown and logged as means over so many steps.
    private static let stepsPerRecord = 20

    package func train(on data: String) throws -> End {
        let trainer = try recipe.trainer(on: data)
        var warned = Set<String>()
        func warn() {
            for warning in trainer.warnings where warned.insert(warning).inserted {
                report(.warning(warning))
            }
        }
        warn()
        var clock = Clock()
        var step = 0
        var best = -Double.infinity
        if folder.hasCheckpoint {
            let file = try TensorFile(path: folder.checkpoint)
            try trainer.state.restore(file, path: folder.checkpoint)
            step = file.notes["step"].flatMap { Int($0) } ?? 0
            best = file.notes["best"].flatMap { Double($0) } ?? best
            clock.before = file.notes["seconds"].flatMap { Double($0) } ?? 0
        } else if let path = settings.string("start") {
            let (taken, all) = try StartingWeights(path).give(to: trainer.state)
            report(.started(from: path, taken: taken, all: all))
        }
        let log = try JSONLog(folder.log, start: step)
        // Each part of a run has an event file of its own, which TensorBoard shows as one run.
        let events = try EventFile(folder: folder.path, time: Clock.now)
        let last = settings.steps
        var means = Means()
        while step < last {
            let losses = try trainer.step(step)
            warn()
            if let (name, value) = losses.sorted(by: { $0.key < $1.key }).first(where: {
                !$0.value.isFinite
            }) {
                throw RecipeError.diverged(
                    step: step,
                    loss: name,
                    value: "\(value)",
                    checkpoint: folder.hasCheckpoint ? folder.checkpoint : nil
                )
            }
            step += 1
            means.add(losses)
            clock.count()
            if step % Self.stepsPerRecord == 0 || step == last {
                let record = LogRecord(step: step, time: Clock.now, values: means.take())
                try log.write(record)
                try events.write(record)
                report(.progress(progress(step, last, record, clock)))
            }
            if step % settings.int("sample-every") == 0 || step == last {
                let sheet = try trainer.samples()
                try sheet.write(to: folder.samples(step))
                try events.write(sheet.picture, name: "samples", step: step, time: Clock.now)
            }
            let isOver = step == last || isStopped() || clock.seconds > secondsAllowed
            if step % settings.int("checkpoint-every") == 0 || isOver {
                try save(trainer, step, &best, clock, events)
            }
            if isOver { break }
        }
        warn()
        if !warned.isEmpty { report(.warnings(count: warned.count)) }
        try finish(trainer, step, clock)
        return step >= settings.steps ? .finished(step: step) : .stopped(step: step)
    }

    private var secondsAllowed: Double { 60 * minutes }

    private func save(
        _ trainer: any Trainer,
        _ step: Int,
        _ best: inout Double,
        _ clock: Clock,
        _ events: EventFile
    ) throws {
        let score = try trainer.score()
        let isBest = score.map { $0.value > best } ?? false
        if let score {
            if isBest { best = score.value }
            let record = LogRecord(step: step, time: Clock.now, values: [score.name: score.value])
            try events.write(record)
            report(.score(step: step, name: score.name, value: score.value, isBest: isBest))
        }
        let file = TensorFile(
            tensors: trainer.state.tensors,
            notes: [
                "step": "\(step)", "best": "\(best)", "seconds": "\(clock.before + clock.seconds)",
            ]
        )
        if isBest { try file.write(to: folder.bestCheckpoint) }
        try file.write(to: folder.checkpoint)
    }

    /// The plot and the models.
    private func finish(_ trainer: any Trainer, _ step: Int, _ clock: Clock) throws {
        let records = try JSONLog.records(in: folder.log)
        try Plot("\(type(of: recipe).name): losses", records: records, scale: .logarithmic)
            .write(to: folder.plot)
        try trainer.export(
            to: folder.path + "/models",
            steps: step,
            hours: (clock.before + clock.seconds) / 3600
        )
    }

    private func progress(_ step: Int, _ last: Int, _ record: LogRecord, _ clock: Clock) -> Progress
    {
        Progress(
            step: step,
            steps: last,
            losses: record.values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) },
            samplesPerSecond: Double(clock.steps * settings.batch) / max(clock.seconds, 1e-9),
            secondsLeft: min(
                Double(last - step) * clock.seconds / Double(max(1, clock.steps)),
                secondsAllowed - clock.seconds
            )
        )
    }
}

/// How long a run has taken.
private struct Clock {
    private let start = Self.now
    private(set) var steps = 0
    /// Seconds of the run before it was resumed.
    var before = 0.0

    mutating func count() { steps += 1 }

    /// Seconds since this part of the run began.
    var seconds: Double { Self.now - start }

    /// Seconds since 1970.
    static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}

/// Means of losses over some steps.
private struct Means {
    private var sums: [String: (sum: Double, count: Int)] = [:]

    mutating func add(_ losses: [String: Double]) {
        for (name, value) in losses {
            let old = sums[name] ?? (0, 0)
            sums[name] = (old.sum + value, old.count + 1)
        }
    }

    mutating func take() -> [String: Double] {
        defer { sums = [:] }
        return sums.mapValues { $0.sum / Double($0.count) }
    }
}
