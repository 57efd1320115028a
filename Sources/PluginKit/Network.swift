public import CPluginABI

/// The numbers that stand for black and white in a network.
public enum NetworkRange: String, CaseIterable, SettingValue, Sendable {
    /// As the model's card says, else as a test run suggests.
    case auto
    /// 0 … 1
    case unit
    /// 0 … 255
    case byte
    /// −1 … 1
    case signed

    var abiValue: UInt32 {
        switch self {
        case .auto: UInt32(ATELIER_RANGE_AUTO)
        case .unit: UInt32(ATELIER_RANGE_UNIT)
        case .byte: UInt32(ATELIER_RANGE_BYTE)
        case .signed: UInt32(ATELIER_RANGE_SIGNED)
        }
    }
}

/// The order of the colours in a network's channels.
public enum NetworkChannels: String, CaseIterable, SettingValue, Sendable {
    /// As the model's card says, else red, green, blue.
    case auto
    case rgb, bgr

    var abiValue: UInt32 {
        switch self {
        case .auto: UInt32(ATELIER_CHANNELS_AUTO)
        case .rgb: UInt32(ATELIER_CHANNELS_RGB)
        case .bgr: UInt32(ATELIER_CHANNELS_BGR)
        }
    }
}

/// A neural network that the host has loaded.
public final class Network {
    private let pointer: OpaquePointer
    private let host: Host
    private let table: UnsafePointer<atelier_network_service>
    /// Scale, halo, channels and the like.
    public let info: atelier_network_info

    init(
        owning pointer: OpaquePointer,
        _ host: Host,
        _ table: UnsafePointer<atelier_network_service>
    ) throws {
        self.pointer = pointer
        self.host = host
        self.table = table
        var info = atelier_network_info()
        info.size = UInt32(MemoryLayout<atelier_network_info>.size)
        do {
            try check { table.pointee.describe(host.pointer, pointer, &info, $0) }
        } catch {
            table.pointee.release(pointer)
            throw error
        }
        self.info = info
    }

    deinit { table.pointee.release(pointer) }

    /// The model's name.
    public var name: String { info.name.map { String(cString: $0) } ?? "" }

    /// Networks that the model has beside this one, by name.
    public var furtherNetworks: [String] {
        let names = info.further_networks.map { String(cString: $0) } ?? ""
        return names.split(separator: ",").map(String.init)
    }

    /// The numbers that stand for black and white.
    public var range: (black: Float, white: Float) {
        switch Int(info.range) {
        case ATELIER_RANGE_BYTE: (0, 255)
        case ATELIER_RANGE_SIGNED: (-1, 1)
        default: (0, 1)
        }
    }

    /// Output pixels along a side for an input pixel.
    public var scale: Double { Double(info.scale_numerator) / Double(info.scale_denominator) }

    /// Whether every output pixel depends on the whole image.
    public var seesEverything: Bool { info.sees_everything != 0 }

    /// The network with what its nodes that look at the whole image find in this one, so that it can
    /// be applied to images of any size; as it is where it has no such nodes.
    ///
    /// - Parameter exactly: look at every pixel, by one pass for each such node, not at a reduced image.
    public func observing(_ image: LazyImage, exactly: Bool = false) throws -> Network {
        guard seesEverything else { return self }
        guard offers(table, \.observe), let observe = table.pointee.observe
        else { return self }
        var how = atelier_observation()
        how.size = UInt32(MemoryLayout<atelier_observation>.size)
        how.exact = exactly ? 1 : 0
        var result: OpaquePointer?
        try check { observe(host.pointer, pointer, image.pointer, &how, &result, $0) }
        return try Network(owning: result!, host, table)
    }

    /// The picture that a network makes of one without alpha and of a mask, computed as far as somebody
    /// asks for it; where the mask is black it means nothing.
    ///
    /// - Parameter mask: one band of the image's size.
    public func apply(to image: LazyImage, mask: LazyImage) throws -> LazyImage {
        guard offers(table, \.apply_masked), let apply = table.pointee.apply_masked
        else { throw OperationError(tooOldFor: "apply a network beside a mask") }
        var result: OpaquePointer?
        try check {
            apply(host.pointer, pointer, image.pointer, mask.pointer, &result, $0)
        }
        return LazyImage(owning: result!, host)
    }

    /// Inputs beside the picture that have no value yet.
    public var inputs: [NetworkInput] {
        get throws {
            guard offers(table, \.input), let input = table.pointee.input
            else { return [] }
            return try (0..<info.further_inputs).map { index in
                var answer = atelier_network_input()
                answer.size = UInt32(MemoryLayout<atelier_network_input>.size)
                try check { input(host.pointer, pointer, index, &answer, $0) }
                return NetworkInput(answer)
            }
        }
    }

    /// The network with values for inputs beside the picture, each with its name.
    public func binding(_ values: [NetworkTensor]) throws -> Network {
        if values.isEmpty { return self }
        guard offers(table, \.bind), let bind = table.pointee.bind else {
            throw OperationError(tooOldFor: "give values to inputs of a network")
        }
        let list = TensorList(values)
        defer { list.deallocate() }
        var result: OpaquePointer?
        try check { error in
            bind(
                host.pointer,
                pointer,
                list.items.baseAddress,
                UInt32(list.items.count),
                &result,
                error
            )
        }
        return try Network(owning: result!, host, table)
    }

    /// An image, reduced or enlarged to a size, as the network reads pictures: 1 × channels × height ×
    /// width.
    public func array(of image: LazyImage, width: Int, height: Int) throws -> NetworkTensor {
        var image = try image.splitAlpha().color
        if ![ATELIER_SPACE_RGB, ATELIER_SPACE_GREY].contains(Int(try image.info.space)) {
            image = try image.operation("colourspace", ["space": .string("srgb")])
        }
        let pixels = try image.rendered(width: width, height: height)
        let (channels, bands) = (Int(info.input_channels), pixels.bands)
        guard bands == channels || bands == 1 else {
            throw OperationError("expected a picture of \(channels) bands, found one of \(bands)")
        }
        let range = range
        let factor = (range.white - range.black) / Float(try image.info.peak)
        let isReversed = Int(info.channels) == ATELIER_CHANNELS_BGR
        let values = (0..<channels).flatMap { channel in
            let band = min(isReversed ? channels - 1 - channel : channel, bands - 1)
            return (0..<(width * height)).map {
                range.black + pixels.samples[$0 * bands + band] * factor
            }
        }
        return NetworkTensor(shape: [1, channels, height, width], values: values)
    }

    /// The picture that the network makes of one without alpha: exact for any size, without seams.
    public func apply(to image: LazyImage) throws -> LazyImage {
        var result: OpaquePointer?
        try check { table.pointee.apply(host.pointer, pointer, image.pointer, &result, $0) }
        return LazyImage(owning: result!, host)
    }

    /// The network once, on plain arrays; its inputs are taken in order, but for those with a name.
    public func run(_ inputs: [NetworkTensor]) throws -> [NetworkTensor] {
        let list = TensorList(inputs)
        defer { list.deallocate() }
        let received = TensorReceiver()
        try withExtendedLifetime(received) {
            try check { error in
                table.pointee.run(
                    host.pointer,
                    pointer,
                    list.items.baseAddress,
                    UInt32(list.items.count),
                    Unmanaged.passUnretained(received).toOpaque(),
                    { context, _, output in
                        Unmanaged<TensorReceiver>.fromOpaque(context!).takeUnretainedValue()
                            .receive(output!.pointee)
                        return Int32(ATELIER_OK)
                    },
                    error
                )
            }
        }
        return received.tensors
    }
}
