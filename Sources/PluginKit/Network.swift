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

    /// The picture that a network makes of one without alpha and of a mask, for results of which few
    /// parts are wanted: what nobody asks for is not computed.
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
