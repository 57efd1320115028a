public import CPluginABI
import PluginKit

/// Translates a photo into another kind of picture with a network that has learned how.
struct ImageTranslation: Operation {
    static let name = "translate"
    static let summary = "Translates a photo into another kind of picture, as a network learned it."

    @Setting("A model by name, or an ONNX file.", isRequired: true)
    var model = ModelName.best

    @Setting("Which of the model's networks, such as b-to-a; its first one if not given.")
    var direction: String? = nil

    @Setting("What a photo becomes, for models with a choice; several joined by commas.")
    var label: String? = nil

    @Setting("A picture whose style the result takes, for models with styles.")
    var reference: LazyImage? = nil

    @Setting("What a style or noise is drawn from, for models with such; 0 if not given.")
    var seed: Seed? = nil

    @Setting(
        "Longer side of the reduced photo that the network sees, 0 for the photo itself; the "
            + "model's own if not given.",
        0...8192,
        unit: "pixels"
    )
    var side: Int? = nil

    @Setting("What a photo takes over from its reduced translation.")
    var guide = Guide.colors

    @Setting("The numbers that stand for black and white in the network.")
    var range = NetworkRange.auto

    @Setting("The order of the colours in the network's channels.")
    var channels = NetworkChannels.auto

    func build(_ photo: LazyImage, with host: Host) throws -> LazyImage {
        let network = try filled(try network(host, direction), host)
        let (color, alpha) = try photo.splitAlpha()
        let info = try color.info
        let (width, height) = (Int(info.width), Int(info.height))
        let side = side ?? preferredSide(of: network)
        let isReduced = side > 0 && side < max(width, height)
        let translated =
            try isReduced
            ? ReducedTranslation(network, side: side, guide, host).apply(to: color)
            : network.observing(color).apply(to: color).resized(width: width, height: height)
        return try translated.joined(alpha)
    }

    private func network(_ host: Host, _ part: String?) throws -> Network {
        do {
            return try host.network(
                model,
                task: "translation",
                range: range,
                channels: channels,
                part: part
            )
        } catch let error as OperationError {
            guard let direction, part == direction else { throw error }
            throw OperationError(badValue: "direction=\(direction): \(error)")
        }
    }

    /// Networks that halve a picture many times see much of it at once, and learned to on small ones.
    private func preferredSide(of network: Network) -> Int {
        if network.info.whole_side > 0 { return Int(network.info.whole_side) }
        return network.info.alignment >= 32 ? 512 : 0
    }
}

// MARK: - Inputs beside the photo

extension ImageTranslation {
    /// The network with what the settings say for its inputs beside the photo.
    private func filled(_ network: Network, _ host: Host) throws -> Network {
        let inputs = try network.inputs
        try refuseWhatIsNotTaken(by: inputs, of: network.name)
        var values: [NetworkTensor] = []
        var random = RandomNormals(seed: seed?.value ?? 0)
        for input in inputs {
            switch Role(input) {
            case .label: values.append(input.tensor(try labels(input, network.name)))
            case .style where reference != nil:
                values.append(
                    try input.style(of: reference!, by: try self.network(host, "style"))
                )
            case .style, .noise:
                values.append(input.tensor((0..<input.count).map { _ in random.next() }))
            case .strength:
                values.append(input.tensor([Float](repeating: 1, count: input.count)))
            case .unknown:
                throw OperationError(
                    "\(network.name) has an input \"\(input.name)\", for which there is no setting; "
                        + "label, style, z, noise and strength are known"
                )
            }
        }
        return try network.binding(values)
    }

    /// What an input is for, by its name.
    private enum Role {
        case label, style, noise, strength, unknown

        init(_ input: NetworkInput) {
            switch input.name {
            case "label": self = .label
            case "style", "z": self = .style
            case "noise": self = .noise
            case "strength", "flag": self = .strength
            default: self = .unknown
            }
        }
    }

    private func refuseWhatIsNotTaken(by inputs: [NetworkInput], of name: String) throws {
        let roles = Set(inputs.map(Role.init))
        func refuse(_ key: String, _ what: String) -> OperationError {
            OperationError(
                badValue:
                    "\(key)= is for models that take \(what), and \(name) takes none; leave it out"
            )
        }
        if label != nil, !roles.contains(.label) { throw refuse("label", "a label") }
        if reference != nil, !roles.contains(.style) { throw refuse("reference", "a style") }
        if seed != nil, roles.isDisjoint(with: [.style, .noise]) {
            throw refuse("seed", "a style or noise")
        }
        if seed != nil, reference != nil, !roles.contains(.noise) {
            throw OperationError(
                badValue: "reference= and seed= both choose a style; leave one of them out"
            )
        }
    }

    /// Ones for what `label` names, zeros for everything else.
    private func labels(_ input: NetworkInput, _ name: String) throws -> [Float] {
        let choices =
            input.entries.isEmpty
            ? "a number from 0 to \(input.count - 1)"
            : "one of \(input.entries.joined(separator: ", "))"
        guard let label else {
            throw OperationError(badValue: "\(name) needs label=, \(choices)")
        }
        var values = [Float](repeating: 0, count: input.count)
        for word in label.split(separator: ",", omittingEmptySubsequences: false) {
            let place = input.entries.firstIndex(of: String(word)) ?? Int(word)
            guard let place, values.indices.contains(place) else {
                throw OperationError(badValue: "expected \(choices) for label=, found \"\(word)\"")
            }
            values[place] = 1
        }
        return values
    }
}

private let plugin = Plugin(
    id: "org.atelier.image-translation",
    version: "1.0",
    licence: "MIT",
    [ImageTranslation.self]
)

// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func atelier_plugin_v1(
    _ host: UnsafePointer<atelier_host>?
) -> UnsafePointer<atelier_plugin>? { plugin.description }
