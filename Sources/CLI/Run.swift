import ArgumentParser
import Engine
import Foundation
import Streams
internal import Vips

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Edits pictures with a chain.",
        discussion: """
            With several pictures, -o takes {dir}, {stem}, {ext} and {n} (a running number), for \
            example -o '{dir}/{stem}-x2.{ext}'. A result appears only when it is whole.
            """
    )

    @Argument(help: "Pictures to edit; - reads one from standard input.")
    var pictures: [String]

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Where to write; the ending says the format, [key=value] after it how; - writes to "
                + "standard output.",
            valueName: "file"
        )
    )
    var output: String

    @Option(help: "The format on standard output, as an ending.")
    var format = "png"

    @Flag(help: "Skip pictures whose result is there and newer than they are.")
    var resume = false

    @Flag(help: "Go on with the next picture when one fails.")
    var keepGoing = false

    @Option(
        help: ArgumentHelp("Append a line of JSON for each picture to a file.", valueName: "file")
    )
    var report: String?

    @Flag(help: "Print what was done as JSON.")
    var json = false

    @OptionGroup var engineOptions: EngineOptions
    @OptionGroup var chainOptions: ChainOptions

    func run() throws {
        guard pictures.count == 1 || output.contains("{") else {
            throw Failure(
                .usage,
                "expected an output with {stem} or {n} for \(pictures.count) pictures, found \"\(output)\""
            )
        }
        let engine = try engineOptions.engine()
        let chain = try engine.resolve(try chainOptions.chain())
        for warning in chain.warnings { Terminal.say("warning: \(warning)") }
        let reportFile = try report.map { try ReportFile($0) }
        var failed: Failure?
        var records: [Record] = []
        for (index, path) in pictures.enumerated() {
            let record = edit(path, number: index + 1, engine, chain)
            records.append(record)
            try reportFile?.append(record)
            guard let failure = record.failure else { continue }
            guard keepGoing else { throw failure }
            Terminal.say("error: \(failure)")
            failed = failure
        }
        if json { try printJSON(records) }
        if let failed { throw ExitCode(failed.kind.rawValue) }
    }

    /// Edits one picture; an error becomes part of the record.
    private func edit(
        _ path: String,
        number: Int,
        _ engine: Engine,
        _ chain: ResolvedChain
    ) -> Record {
        let target = Self.fill(output, path, number: number)
        var record = Record(input: path, output: target)
        let start = Date()
        do {
            if resume, Self.isNewer(target, than: path) {
                record.status = "skipped"
                return record
            }
            let bar = ProgressBar(label: URL(filePath: path).lastPathComponent)
            let result = try engine.run(
                chain,
                on: Picture(path: path),
                into: OutputFile(target, format: format)
            ) { bar.show($0) }
            bar.clear()
            record.status = "done"
            record.networks = result.networks.map { Record.Network($0) }
            record.width = result.image.width
            record.height = result.image.height
        } catch {
            record.status = "failed"
            record.failure = Failure(error)
            record.error = record.failure?.description
        }
        record.seconds = Date().timeIntervalSince(start)
        return record
    }

    private static func fill(_ pattern: String, _ path: String, number: Int) -> String {
        let url = URL(filePath: path)
        let folder = url.deletingLastPathComponent().relativePath
        let values = [
            "{dir}": folder.isEmpty ? "." : folder,
            "{stem}": path == "-" ? "stdin" : url.deletingPathExtension().lastPathComponent,
            "{ext}": url.pathExtension.isEmpty ? "png" : url.pathExtension,
            "{n}": String(number),
        ]
        return values.reduce(pattern) { $0.replacingOccurrences(of: $1.key, with: $1.value) }
    }

    private static func isNewer(_ result: String, than picture: String) -> Bool {
        func modified(_ path: String) -> Date? {
            (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date
        }
        guard let made = modified(OutputFile(result).path), let taken = modified(picture) else {
            return false
        }
        return made > taken
    }
}

/// What became of one picture.
struct Record: Encodable {
    var input: String
    var output: String
    var status = ""
    var width, height: Int?
    var networks: [Network]?
    var seconds = 0.0
    var error: String?
    var failure: Failure?

    /// What a network computed.
    struct Network: Encodable {
        let model: String
        let multiplyAdds: Double
        /// Those ÷ what the whole picture at once takes.
        let workRatio: Double
        let precision: String

        init(_ use: NetworkUse) {
            model = use.model
            multiplyAdds = use.work.multiplyAdds
            precision = describe(use.fastProducts)
            workRatio = use.work.multiplyAdds / max(1, use.layout.multiplyAdds)
        }
    }

    init(input: String, output: String) {
        self.input = input
        self.output = output
    }

    private enum CodingKeys: String, CodingKey {
        case input, output, status, width, height, networks, seconds, error
    }
}

/// A file that grows by a line of JSON for each picture.
private struct ReportFile {
    private let handle: FileHandle

    init(_ path: String) throws {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT, 0o666)
        guard descriptor >= 0 else {
            throw Failure(
                .cannotCreate,
                "\(path): expected a file to report into, found: \(String(cString: strerror(errno)))"
            )
        }
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    func append(_ record: Record) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        handle.write(try encoder.encode(record) + Data("\n".utf8))
    }
}
