internal import CPluginABI
internal import Glibc
package import Tensors
package import Vips

/// Where plugins get their networks from.
package protocol NetworkProvider: Sendable {
    func network(_ request: NetworkRequest) throws -> any HostNetwork
}

/// The network that a plugin asks for.
package struct NetworkRequest: Sendable {
    /// A model's name or a file's path; empty for the best one.
    package let model: String
    package let task: String?
    /// The wanted magnification, to choose among models.
    package let scale: Double?
    package let range: Range?
    package let channels: Channels?
    /// One of the networks that the model's card names; the model itself if not given.
    package let network: String?

    package enum Range: Int, Sendable { case unit = 1, byte, signed }
    package enum Channels: Int, Sendable { case rgb = 1, bgr }
}

/// A network as plugins see it.
package protocol HostNetwork: AnyObject, Sendable {
    var facts: NetworkFacts { get }
    /// - Parameter mask: one band of the image's size, for networks that take one; where it is black the
    ///   result means nothing.
    func apply(to image: Image, mask: Image?) throws -> Image
    /// The network with what its nodes find in an image, once `prepare` has been called.
    ///
    /// - Parameter side: the longer side of the reduced image to look at; `nil` for all of it.
    func observe(_ image: Image, side: Int?) throws -> any HostNetwork
    /// The network with values for inputs beside the picture, by name.
    func bind(_ values: [(name: String?, tensor: Tensor)]) throws -> any HostNetwork
    /// Looks at the image that the network observes, if it does.
    ///
    /// - Parameter progress: called now and then with the fraction that is done.
    func prepare(progress: @escaping (Double) -> Void) throws
    func run(_ inputs: [(name: String?, tensor: Tensor)]) throws -> [(name: String, tensor: Tensor)]
}

/// What a plugin is told of a network.
package struct NetworkFacts: Sendable {
    package var name: String
    package var inputChannels, outputChannels: Int
    package var scale: (numerator: Int, denominator: Int)
    package var lostBorder, halo: Int
    package var seesEverything: Bool
    package var range: NetworkRequest.Range
    package var channels: NetworkRequest.Channels
    /// What sides of the input are multiples of.
    package var alignment: Int
    /// The longer side of the pictures it learned to see as a whole, if that is known.
    package var wholeSide: Int?
    /// Inputs beside the picture that have no value yet.
    package var furtherInputs: [Input]
    /// The networks that the model's card names.
    package var furtherNetworks: [String]

    package struct Input: Sendable {
        package var name: String
        package var shape: [Int]
        /// What its numbers stand for, where that is known.
        package var entries: [String]

        package init(name: String, shape: [Int], entries: [String]) {
            self.name = name
            self.shape = shape
            self.entries = entries
        }
    }

    package init(
        name: String,
        inputChannels: Int,
        outputChannels: Int,
        scale: (numerator: Int, denominator: Int),
        lostBorder: Int,
        halo: Int,
        seesEverything: Bool,
        range: NetworkRequest.Range,
        channels: NetworkRequest.Channels,
        alignment: Int,
        wholeSide: Int?,
        furtherInputs: [Input],
        furtherNetworks: [String]
    ) {
        self.name = name
        self.inputChannels = inputChannels
        self.outputChannels = outputChannels
        self.scale = scale
        self.lostBorder = lostBorder
        self.halo = halo
        self.seesEverything = seesEverything
        self.range = range
        self.channels = channels
        self.alignment = alignment
        self.wholeSide = wholeSide
        self.furtherInputs = furtherInputs
        self.furtherNetworks = furtherNetworks
    }
}

/// The service `atelier.network/1`.
let networkService = atelier_network_service(
    size: UInt32(MemoryLayout<atelier_network_service>.size),
    retain: { network in
        guard let network else { return }
        _ = Unmanaged<NetworkBox>.fromOpaque(UnsafeRawPointer(network)).retain()
    },
    release: { network in
        guard let network else { return }
        Unmanaged<NetworkBox>.fromOpaque(UnsafeRawPointer(network)).release()
    },
    load: { host, model, options, result, error in
        answer(host, error) { context in
            guard let result else {
                throw PluginError("expected a place for the network, found none")
            }
            let request = NetworkRequest(model, options)
            let box = NetworkBox(try context.networks.network(request))
            result.pointee = OpaquePointer(Unmanaged.passRetained(box).toOpaque())
        }
    },
    describe: { host, network, info, error in
        answer(host, error) { _ in
            guard let info else {
                throw PluginError("expected a struct for the answer, found none")
            }
            info.pointee.describe(try NetworkBox.of(network))
        }
    },
    apply: { host, network, image, result, error in
        answer(host, error) { context in
            guard let image, let result else { throw PluginError("expected an image, found none") }
            let output = try NetworkBox.of(network).network.apply(
                to: BuildImage.of(image).read(),
                mask: nil
            )
            result.pointee = BuildImage(output, in: context).retainedHandle
        }
    },
    run: { host, network, inputs, count, state, receive, error in
        answer(host, error) { _ in
            guard let receive else {
                throw PluginError("expected a function for outputs, found none")
            }
            let buffer = UnsafeBufferPointer(start: inputs, count: Int(count))
            let tensors = try buffer.map { try tensor($0) }
            for (index, output) in try NetworkBox.of(network).network.run(tensors).enumerated() {
                let status = hand(output, UInt32(index), state, receive)
                guard status == Int32(ATELIER_OK) else {
                    throw PluginError("a plugin did not take output number \(index + 1)")
                }
            }
        }
    },
    observe: { host, network, image, how, result, error in
        answer(host, error) { context in
            guard let image, let result else { throw PluginError("expected an image, found none") }
            let network = try NetworkBox.of(network).network
            guard network.facts.seesEverything else {
                result.pointee = OpaquePointer(
                    Unmanaged.passRetained(NetworkBox(network)).toOpaque()
                )
                return
            }
            let side = how.map { Int($0.pointee.longer_side) } ?? 0
            let picture = BuildImage.of(image).read()
            let observed = try network.observe(
                picture,
                side: how?.pointee.exact == 1 ? nil : side > 0 ? side : 768
            )
            context.beforePixels(lookAt: picture) { context in
                try observed.prepare(progress: context.look)
            }
            result.pointee = OpaquePointer(Unmanaged.passRetained(NetworkBox(observed)).toOpaque())
        }
    },
    apply_masked: { host, network, image, mask, result, error in
        answer(host, error) { context in
            guard let image, let mask, let result else {
                throw PluginError("expected an image and a mask, found none")
            }
            // Pixels are pulled here and there.
            context.requireRandomAccess()
            let output = try NetworkBox.of(network).network.apply(
                to: BuildImage.of(image).read(),
                mask: BuildImage.of(mask).read()
            )
            result.pointee = BuildImage(output, in: context).retainedHandle
        }
    },
    input: { host, network, index, input, error in
        answer(host, error) { _ in
            guard let input else {
                throw PluginError("expected a struct for the answer, found none")
            }
            let inputs = try NetworkBox.of(network).inputs
            guard index < inputs.count else {
                throw PluginError("expected an input below \(inputs.count), found \(index)")
            }
            inputs[Int(index)].describe(&input.pointee)
        }
    },
    bind: { host, network, values, count, result, error in
        answer(host, error) { _ in
            guard let result else {
                throw PluginError("expected a place for the network, found none")
            }
            let buffer = UnsafeBufferPointer(start: values, count: Int(count))
            let bound = try NetworkBox.of(network).network.bind(try buffer.map { try tensor($0) })
            result.pointee = OpaquePointer(Unmanaged.passRetained(NetworkBox(bound)).toOpaque())
        }
    }
)

/// A network behind a plugin's handle, with its name as a C string.
private final class NetworkBox: @unchecked Sendable {
    let network: any HostNetwork
    let name, furtherNetworks: UnsafeMutablePointer<CChar>
    let inputs: [InputMemory]

    init(_ network: any HostNetwork) {
        self.network = network
        name = strdup(network.facts.name)
        furtherNetworks = strdup(network.facts.furtherNetworks.joined(separator: ","))
        inputs = network.facts.furtherInputs.map(InputMemory.init)
    }

    deinit {
        free(name)
        free(furtherNetworks)
        for input in inputs { input.deallocate() }
    }

    static func of(_ handle: OpaquePointer?) throws -> NetworkBox {
        guard let handle else { throw PluginError("expected a network, found a null pointer") }
        return Unmanaged<NetworkBox>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
    }
}

/// An input of a network in C's form.
private struct InputMemory {
    let name: UnsafeMutablePointer<CChar>
    let shape: UnsafeMutableBufferPointer<Int64>
    let entries: UnsafeMutableBufferPointer<UnsafePointer<CChar>?>

    init(_ input: NetworkFacts.Input) {
        name = strdup(input.name)
        shape = .allocate(capacity: input.shape.count)
        _ = shape.initialize(from: input.shape.map { Int64($0) })
        entries = .allocate(capacity: input.entries.count)
        _ = entries.initialize(from: input.entries.map { UnsafePointer(strdup($0)) })
    }

    func deallocate() {
        free(name)
        shape.deallocate()
        for entry in entries { free(UnsafeMutableRawPointer(mutating: entry)) }
        entries.deallocate()
    }

    func describe(_ input: inout atelier_network_input) {
        input.rank = UInt32(shape.count)
        input.name = UnsafePointer(name)
        input.shape = UnsafePointer(shape.baseAddress)
        input.entries = entries.isEmpty ? nil : UnsafePointer(entries.baseAddress)
        input.entry_count = UInt32(entries.count)
    }
}

extension NetworkRequest {
    fileprivate init(
        _ model: UnsafePointer<CChar>?,
        _ pointer: UnsafePointer<atelier_network_options>?
    ) {
        let options = pointer?.pointee
        // Plugins that are older than the field do not have it in their struct.
        let whole = MemoryLayout<atelier_network_options>.size
        let isWhole = options.map { Int($0.size) >= whole } ?? false
        network = isWhole ? options?.network.map { String(cString: $0) } : nil
        self.model = model.map { String(cString: $0) } ?? ""
        task = options?.task.map { String(cString: $0) }
        scale = options.flatMap { $0.scale > 0 ? $0.scale : nil }
        range = options.flatMap { Range(rawValue: Int($0.range)) }
        channels = options.flatMap { Channels(rawValue: Int($0.channels)) }
    }
}

extension atelier_network_info {
    fileprivate mutating func describe(_ box: NetworkBox) {
        let facts = box.network.facts
        name = UnsafePointer(box.name)
        input_channels = UInt32(facts.inputChannels)
        output_channels = UInt32(facts.outputChannels)
        scale_numerator = Int32(facts.scale.numerator)
        scale_denominator = Int32(facts.scale.denominator)
        lost_border = Int32(facts.lostBorder)
        halo = Int32(facts.halo)
        sees_everything = facts.seesEverything ? 1 : 0
        range = UInt32(facts.range.rawValue)
        channels = UInt32(facts.channels.rawValue)
        // Plugins that are older than a field do not have it in their struct.
        func has(_ field: PartialKeyPath<atelier_network_info>) -> Bool {
            Int(size) > MemoryLayout<atelier_network_info>.offset(of: field)!
        }
        guard has(\.further_inputs) else { return }
        alignment = Int32(facts.alignment)
        whole_side = Int32(facts.wholeSide ?? 0)
        further_inputs = UInt32(facts.furtherInputs.count)
        guard has(\.further_networks) else { return }
        further_networks = UnsafePointer(box.furtherNetworks)
    }
}

private func tensor(_ abi: atelier_tensor) throws -> (name: String?, tensor: Tensor) {
    guard let values = abi.values, abi.rank == 0 || abi.shape != nil, abi.rank <= 8 else {
        throw PluginError("expected a tensor of rank 0 to 8 with values, found rank \(abi.rank)")
    }
    let shape = (0..<Int(abi.rank)).map { Int(abi.shape[$0]) }
    guard shape.allSatisfy({ $0 >= 0 }) else {
        throw PluginError("expected a shape without negative sides, found \(shape)")
    }
    let bytes = UnsafeRawBufferPointer(start: values, count: shape.elementCount * 4)
    let tensor = Tensor(shape: shape, type: .float32, bytes: bytes)
    return (abi.name.map { String(cString: $0) }, tensor)
}

private func hand(
    _ output: (name: String, tensor: Tensor),
    _ index: UInt32,
    _ state: UnsafeMutableRawPointer?,
    _ receive:
        @convention(c) (
            UnsafeMutableRawPointer?, UInt32, UnsafePointer<atelier_tensor>?
        ) -> Int32
) -> Int32 {
    let floats = output.tensor.converted(to: .float32)
    let shape = floats.shape.map { Int64($0) }
    return floats.withBytes { bytes in
        output.name.withCString { name in
            shape.withUnsafeBufferPointer { shape in
                var tensor = atelier_tensor(
                    size: UInt32(MemoryLayout<atelier_tensor>.size),
                    rank: UInt32(shape.count),
                    shape: shape.baseAddress,
                    values: bytes.baseAddress?.assumingMemoryBound(to: Float.self),
                    name: name
                )
                return receive(state, index, &tensor)
            }
        }
    }
}
