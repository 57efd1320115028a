import ArgumentParser
import Engine
import Foundation
import Inference
import Kernels
import PluginHost
import Vips

struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks that everything the engine needs is there and works."
    )

    @Flag(help: "Print the findings as JSON.")
    var json = false

    func run() throws {
        let findings =
            [libvips(), formats(), matrixProducts()] + plugins() + models() + [scratch()]
        if json {
            try printJSON(findings)
        } else {
            for finding in findings {
                print(
                    finding.status.rawValue.padded(to: 8) + finding.subject.padded(to: 18) + " "
                        + finding.detail
                )
            }
        }
        if findings.contains(where: { $0.status == .failed }) {
            throw ExitCode(FailureKind.ours.rawValue)
        }
    }

    private struct Finding: Encodable {
        enum Status: String, Encodable { case ok, warning, failed }
        let status: Status
        let subject, detail: String
    }

    private func libvips() -> Finding {
        let needed = "8.14"
        let isNew = Vips.version.compare(needed, options: .numeric) != .orderedAscending
        return Finding(
            status: isNew ? .ok : .failed,
            subject: "libvips",
            detail: "\(Vips.version), \(Vips.threads) threads"
                + (isNew ? "" : "; expected \(needed) or later")
        )
    }

    private func formats() -> Finding {
        let wanted = ["jpg", "png", "tif", "webp", "heic", "avif", "gif", "jp2", "jxl"]
        let there = wanted.filter { Image.saver(for: "x.\($0)") != nil }
        let needed = ["jpg", "png", "tif"]
        return Finding(
            status: needed.allSatisfy(there.contains) ? .ok : .failed,
            subject: "formats",
            detail: "writes \(there.joined(separator: ", "))"
        )
    }

    private func matrixProducts() -> Finding {
        Finding(status: .ok, subject: "OpenBLAS", detail: "kernels for \(matrixProductCore)")
    }

    private func plugins() -> [Finding] {
        let catalogue = EngineOptions.plugins()
        let found = catalogue.entries.map { entry in
            switch entry.description {
            case .success(let plugin):
                Finding(status: .ok, subject: "plugin", detail: "\(plugin.id) \(plugin.version)")
            case .failure(let error):
                Finding(status: .warning, subject: "plugin", detail: error.description)
            }
        }
        guard found.isEmpty else { return found }
        let places = catalogue.folders.joined(separator: ", ")
        return [Finding(status: .warning, subject: "plugin", detail: "none in \(places)")]
    }

    private func models() -> [Finding] {
        let library = ModelLibrary()
        let found = library.entries.map { entry in
            let digest = sha256(ofFile: entry.file)
            let isWhole = digest != nil && (entry.card.sha256 == nil || entry.card.sha256 == digest)
            return Finding(
                status: isWhole ? .ok : .failed,
                subject: "model",
                detail: entry.card.name
                    + (isWhole ? "" : ": \(entry.file) is not the file that its card describes")
            )
        }
        let problems = library.problems.map {
            Finding(status: .warning, subject: "model", detail: $0.description)
        }
        guard found.isEmpty, problems.isEmpty else { return found + problems }
        let places = library.folders.joined(separator: ", ")
        return [Finding(status: .warning, subject: "model", detail: "none in \(places)")]
    }

    private func scratch() -> Finding {
        let folder = FileManager.default.temporaryDirectory.path
        let isWritable = FileManager.default.isWritableFile(atPath: folder)
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: folder)
        let free = (attributes?[.systemFreeSize] as? NSNumber)?.int64Value ?? 0
        return Finding(
            status: isWritable ? .ok : .failed,
            subject: "scratch files",
            detail: "\(folder), \(free >> 30) GiB free"
                + (isWritable ? "" : "; expected a folder to write into")
        )
    }
}
