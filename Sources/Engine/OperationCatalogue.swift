package import Parameters
package import PluginHost
package import Vips

/// One operation of the chain language: a plugin's, or one of libvips.
package struct CatalogueOperation: Sendable {
    package enum Origin: Sendable {
        /// The path of the plugin's library, and the plugin.
        case plugin(path: String, PluginDescription)
        case vips(OperationDescription)
    }

    package let name: String
    package let summary: String
    package let parameters: [Parameter]
    package let origin: Origin

    /// Who offers it, in words.
    package var originName: String {
        switch origin {
        case .plugin(let path, let plugin):
            "\(plugin.id) \(plugin.version) (\(plugin.licence)), \(path)"
        case .vips: "libvips \(Vips.version)"
        }
    }
}

/// All operations of the chain language.
package struct OperationCatalogue: Sendable {
    package let plugins: PluginCatalogue

    package init(plugins: PluginCatalogue) { self.plugins = plugins }

    /// The operation of a name; plugins come before libvips.
    package func operation(_ name: String) -> CatalogueOperation? {
        if let (entry, operation) = plugins.operation(name),
            case .success(let plugin) = entry.description
        {
            return CatalogueOperation(
                name: name,
                summary: operation.summary,
                parameters: operation.parameters,
                origin: .plugin(path: entry.path, plugin)
            )
        }
        return OperationDescription.named(name).flatMap { CatalogueOperation($0) }
    }

    /// The version of libvips whose operations these are.
    package var libraryVersion: String { Vips.version }

    /// The operations of plugins, sorted by name.
    package func tasks() -> [CatalogueOperation] {
        plugins.operations.compactMap { operation($0.name) }
    }

    /// Every operation, plugins' first, each group sorted by name.
    package func all() -> [CatalogueOperation] {
        let tasks = tasks()
        let names = Set(tasks.map(\.name))
        let classical = OperationDescription.all().filter { !names.contains($0.name) }
            .compactMap { CatalogueOperation($0) }
        return tasks + classical
    }
}

extension CatalogueOperation {
    /// An operation of libvips, if it makes an image of an image and text can say its settings.
    init?(_ description: OperationDescription) {
        guard let main = description.mainInput else { return nil }
        let others = description.arguments.filter {
            !$0.isOutput && !$0.isDeprecated && $0.name != main.name
        }
        guard !others.contains(where: { $0.isRequired && Parameter($0) == nil }) else { return nil }
        name = description.name
        summary = sentence(description.summary)
        parameters = others.compactMap { Parameter($0) }
        origin = .vips(description)
    }
}

extension Parameter {
    /// An argument of libvips as a parameter; `nil` where no text can stand for its value.
    fileprivate init?(_ argument: ArgumentDescription) {
        var range: ClosedRange<Double>?
        var choices: [String] = []
        let kind: Kind
        switch argument.kind {
        case .bool: kind = .bool
        case .int(let limits):
            kind = .int
            range = Double(limits.lowerBound)...Double(limits.upperBound)
        case .double(let limits):
            kind = .float
            range = limits
        case .string, .interpolator: kind = .string
        case .choice(let names):
            kind = .choice
            choices = names
        case .image: kind = .image
        case .doubles: kind = .numbers
        case .images, .opaque: return nil
        }
        self.init(
            argument.name,
            kind,
            help: sentence(argument.summary),
            defaultText: argument.defaultValue,
            isRequired: argument.isRequired,
            range: range,
            choices: choices
        )
    }
}

/// libvips's short descriptions begin in either case and end without a full stop.
private func sentence(_ text: String) -> String {
    guard let first = text.first else { return text }
    return first.uppercased() + text.dropFirst() + (text.hasSuffix(".") ? "" : ".")
}
