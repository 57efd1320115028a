import Foundation
import Support
import TrainingData
import Vips

extension TemporaryFolder {
    /// Writes a picture of one colour; folders in the name are made.
    func picture(
        _ name: String,
        _ color: [UInt8],
        width: Int = 8,
        height: Int = 6,
        interpretation: String? = nil,
        orientation: Int? = nil
    ) throws {
        let bytes = (0..<(width * height)).flatMap { _ in color }
        try picture(
            name,
            bytes,
            width: width,
            height: height,
            bands: color.count,
            interpretation: interpretation,
            orientation: orientation
        )
    }

    func picture(
        _ name: String,
        _ samples: [UInt8],
        width: Int,
        height: Int,
        bands: Int,
        format: SampleFormat = .u8,
        interpretation: String? = nil,
        orientation: Int? = nil
    ) throws {
        try makeFolder(of: name)
        var image = try Image.fromMemory(
            samples,
            width: width,
            height: height,
            bands: bands,
            format: format,
            interpretation: interpretation ?? (bands < 3 ? "b-w" : "srgb")
        )
        if let orientation { image = try image.settingFields(["orientation": orientation]) }
        try image.write(to: path(name))
    }

    func bytes(_ name: String, _ bytes: [UInt8]) throws {
        try makeFolder(of: name)
        try Data(bytes).write(to: URL(filePath: path(name)))
    }

    private func makeFolder(of name: String) throws {
        let folder = URL(filePath: path(name)).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }
}
