import Foundation
import Recipes
import Support
import Testing
import Vips

/// Trains by the program, as users do, on tiny pictures.
@Suite struct TrainTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try FileManager.default.createDirectory(
            atPath: folder.path("photos"),
            withIntermediateDirectories: true
        )
        for number in 0..<3 {
            try Image.image(
                "gaussnoise",
                ["width": .int(56), "height": .int(64), "mean": .double(128), "seed": .int(number)]
            )
            .operation("cast", ["format": .string("uchar")])
            .write(to: folder.path("photos/\(number).png"))
        }
    }

    private func words(_ run: String, steps: Int = 2, _ more: [String] = []) -> [String] {
        let settings = [
            "batch=2", "crop=32", "channels=4", "blocks=1", "adversarial=0.001",
            "content-share=0.5", "checkpoint-every=3", "sample-every=1000",
        ]
        return ["train", "super-resolution", "--data", "photos", "--out", run]
            + ["--steps", "\(steps)", "--threads", "1"] + settings.flatMap { ["--set", $0] } + more
    }

    private func train(_ words: [String]) throws -> Command {
        try Command.atelier(words, in: folder.url)
    }

    // MARK: Killed and resumed

    /// How often a training is killed: `ATELIER_KILLS` times, or twice.
    private var kills: Int {
        ProcessInfo.processInfo.environment["ATELIER_KILLS"].flatMap { Int($0) } ?? 2
    }

    /// The step of the last checkpoint of a run, 0 if there is none.
    private func savedStep(_ run: RunFolder) -> Int {
        guard run.hasCheckpoint, let file = try? TensorFile(path: run.checkpoint) else { return 0 }
        return file.notes["step"].flatMap { Int($0) } ?? 0
    }

    @Test(
        "a training that is killed at any time and resumed ends with the bits of one that was not"
    )
    func killing() throws {
        let steps = 60
        #expect(try train(words("whole", steps: steps)).status == 0)
        var random = SeededRandom(3)
        let run = RunFolder(folder.path("parts"))
        var killed: [Int] = []
        for number in 0..<kills {
            // The process is killed somewhere in the steps behind this one.
            let goal = number * (steps - 10) / kills + random.int(1...((steps - 10) / kills))
            let process = Process()
            process.executableURL = Command.buildFolder.appending(path: "atelier")
            process.arguments =
                words("parts", steps: steps) + (run.hasCheckpoint ? ["--resume"] : [])
            process.currentDirectoryURL = folder.url
            process.standardError = FileHandle.nullDevice
            process.standardOutput = FileHandle.nullDevice
            try process.run()
            while process.isRunning && savedStep(run) < goal { usleep(500) }
            usleep(UInt32(random.int(0...20_000)))
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            if process.terminationReason == .uncaughtSignal { killed.append(savedStep(run)) }
        }
        #expect(killed.count == kills, "killed behind steps \(killed)")
        let last = try train(words("parts", steps: steps, ["--resume"]))
        #expect(last.status == 0, "\(last.errors)")
        let files = try ["whole", "parts"].map {
            try TensorFile(path: RunFolder(folder.path($0)).checkpoint)
        }
        #expect(files[0].tensors.count > 20)
        #expect(files.map { $0.notes["step"] } == ["\(steps)", "\(steps)"])
        #expect(files[0].tensors == files[1].tensors, "killed behind steps \(killed)")
        let models = try ["whole", "parts"].map {
            try Data(contentsOf: URL(filePath: folder.path("\($0)/models/sr-x2/model.onnx")))
        }
        #expect(models[0] == models[1])
    }

    // MARK: Wrong data

    @Test("a damaged picture among good ones is named, left out and counted")
    func damage() throws {
        let path = "photos/bad.jpg"
        _ = try folder.write("no picture", to: path)
        let command = try train(words("run"))
        #expect(command.status == 0, "\(command.errors)")
        let lines = command.errors.split(separator: "\n")
        let warnings = lines.filter { $0.hasPrefix("warning: ") }
        #expect(warnings.count == 1, "\(command.errors)")
        #expect(warnings.first?.hasPrefix("warning: \(path): expected a picture, found ") == true)
        #expect(warnings.first?.hasSuffix("; it is left out") == true)
        #expect(lines.contains("there was 1 warning"))
    }

    @Test("pictures that turn out to be damaged when they are read are named as well")
    func laterDamage() throws {
        // Its head is sound, so that only decoding it shows what is missing.
        let whole = try Data(contentsOf: URL(filePath: folder.path("photos/0.png")))
        try whole.prefix(whole.count / 3).write(to: URL(filePath: folder.path("photos/cut.png")))
        let command = try train(words("run", steps: 12))
        #expect(command.status == 0, "\(command.errors)")
        #expect(
            command.errors.contains("warning: photos/cut.png: expected a picture, found "),
            "\(command.errors)"
        )
        #expect(command.errors.contains("there was 1 warning\n"))
    }

    @Test("wrong data and settings are said in one sentence, and nothing is begun")
    func refusals() throws {
        try FileManager.default.createDirectory(
            atPath: folder.path("empty"),
            withIntermediateDirectories: true
        )
        for (word, value, sentence) in [
            ("photos", "empty", "empty: expected a folder of pictures, found none in it"),
            ("photos", "none", "none: expected a folder, found none of that name"),
            (
                "channels=4", "chanels=4",
                "super-resolution has no setting \"chanels\"; did you mean \"channels\"?"
            ),
            ("crop=32", "crop=1", "crop: expected a whole number from 16 to 512, found \"1\""),
        ] {
            let command = try train(words("run").map { $0 == word ? value : $0 })
            #expect(command.status != 0)
            #expect(command.output.isEmpty)
            #expect(command.errors == "error: \(sentence)\n")
            #expect(!RunFolder(folder.path("run")).hasCheckpoint)
        }
    }
}
