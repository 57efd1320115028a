package import Parameters

/// What a plugin says of itself: enough for lists, help and checks without loading it.
package struct PluginDescription: Codable, Sendable, Equatable {
    package var id: String
    package var version: String
    package var licence: String
    package var operations: [Operation]

    package struct Operation: Codable, Sendable, Equatable {
        package var name: String
        package var summary: String
        package var parameters: [Parameter]
    }
}

/// Why a plugin cannot be used, or failed.
package struct PluginError: Error, Sendable, CustomStringConvertible, Equatable {
    package let description: String
    /// Whether the plugin works, and was given a setting that the image or the model cannot take.
    package let isBadValue: Bool

    package init(_ description: String, isBadValue: Bool = false) {
        self.description = description
        self.isBadValue = isBadValue
    }
}
