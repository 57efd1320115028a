import FoundationEssentials
package import Streams

/// What a model is, for people and for the engine: `card.json` beside `model.onnx`.
package struct ModelCard: Codable, Sendable {
    package var name: String
    /// What it is for: "super-resolution", "style-transfer", ….
    package var task: String
    package var summary: String
    /// Output pixels along a side for an input pixel.
    package var scale: Double?
    package var input: Input
    /// Further networks by name, each an ONNX file beside the card: the way back of a translation
    /// ("b-to-a"), or what makes a "style" of a reference.
    package var networks: [String: String]?
    /// What the numbers of an input beside the picture stand for, by the input's name.
    package var labels: [String: [String]]?
    /// An SPDX expression.
    package var licence: String
    package var training: Training?
    package var metrics: [Metric]?
    package var weaknesses: String?
    /// Of the ONNX file, in lower-case hexadecimal digits.
    package var sha256: String?

    /// How pixels become the numbers that the network reads.
    package struct Input: Codable, Sendable {
        package var range: PixelMapping.Range
        package var channels: PixelMapping.Channels
        /// The colour space of the numbers: "srgb".
        package var space: String
        /// The longer side of the pictures that it learned to see as a whole, where it has; larger ones
        /// are better reduced to that.
        package var side: Int?
    }

    package struct Training: Codable, Sendable {
        package var data: String
        package var method: String
        /// Pictures of that data which the network never saw, for measuring.
        package var heldOut: [String]?
    }

    /// A figure, with the command that measures it.
    package struct Metric: Codable, Sendable {
        package var name: String
        package var value: Double
        package var unit: String
        package var on: String
        package var command: String
    }

    package init(path: String) throws(ModelError) {
        do {
            let data = try Data(contentsOf: URL(filePath: path))
            self = try JSONDecoder().decode(ModelCard.self, from: data)
        } catch let DecodingError.keyNotFound(key, _) {
            throw ModelError(
                "\(path): expected a model card with \"\(key.stringValue)\", found none"
            )
        } catch let DecodingError.typeMismatch(_, context) {
            let key = context.codingPath.map(\.stringValue).joined(separator: ".")
            throw ModelError("\(path): expected another kind of value for \"\(key)\"")
        } catch let DecodingError.dataCorrupted(context) {
            let key = context.codingPath.map(\.stringValue).joined(separator: ".")
            let place = key.isEmpty ? "" : " at \"\(key)\""
            throw ModelError("\(path): expected a model card in JSON, found something else\(place)")
        } catch {
            throw ModelError("\(path): expected a model card, found a file that cannot be read")
        }
    }
}

/// Why a model cannot be used.
package struct ModelError: Error, Sendable, CustomStringConvertible, Equatable {
    package let description: String
    package init(_ description: String) { self.description = description }
}
