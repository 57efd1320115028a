internal import CVips
internal import Glibc

/// What an image is like, apart from its pixels.
package struct ImageHeader: Sendable {
    package var width, height, bands: Int
    package var format: SampleFormat
    /// libvips's nickname; `nil` keeps what the first input has.
    package var interpretation: String?

    package init(
        width: Int,
        height: Int,
        bands: Int,
        format: SampleFormat,
        interpretation: String? = nil
    ) {
        self.width = width
        self.height = height
        self.bands = bands
        self.format = format
        self.interpretation = interpretation
    }
}

/// Pixels in memory: bands interleaved, rows `stride` bytes apart.
///
/// Valid during one call only.
package struct PixelView {
    package let area: Rectangle
    package let bands: Int
    package let format: SampleFormat
    package let stride: Int
    package let base: UnsafeMutableRawPointer

    /// Where row `y` of the image is, from the left edge of the area.
    package func start(of y: Int) -> UnsafeMutableRawPointer {
        precondition(area.rows.contains(y), "row outside the view")
        return base + (y - area.top) * stride
    }

    /// The samples of row `y` of the image, from the left edge of the area.
    package func row<Sample>(_ y: Int, as: Sample.Type) -> UnsafeMutableBufferPointer<Sample> {
        UnsafeMutableBufferPointer(
            start: start(of: y).assumingMemoryBound(to: Sample.self),
            count: area.width * bands
        )
    }

    /// Takes over all pixels of a view that lies inside this one and has the same format.
    func copy(_ other: PixelView) {
        let pixel = bands * format.bytes
        for y in other.area.rows {
            memcpy(
                start(of: y) + (other.area.left - area.left) * pixel,
                other.start(of: y),
                other.area.width * pixel
            )
        }
    }

    init(_ region: UnsafeMutablePointer<VipsRegion>, _ area: Rectangle) {
        let image = region.pointee.im!
        self.area = area
        bands = Int(vips_image_get_bands(image))
        format = SampleFormat(vips_image_get_format(image))
        stride = atelier_vips_region_line(region)
        base = atelier_vips_region_address(region, Int32(area.left), Int32(area.top))
    }
}

/// One request to a node: a region to fill, and the inputs to fill it from.
package struct NodeRequest {
    fileprivate let inputs: [UnsafeMutablePointer<VipsRegion>]
    /// What to fill, all of it.
    package let output: PixelView

    /// How many bands an input has.
    package func inputBands(_ input: Int) -> Int {
        Int(vips_image_get_bands(inputs[input].pointee.im))
    }

    /// Pulls pixels of an input; the view holds until the same input is pulled again.
    package func pull(_ input: Int, _ area: Rectangle) throws(VipsError) -> PixelView {
        var rect = area.vips
        guard vips_region_prepare(inputs[input], &rect) == 0 else {
            // The text stays in libvips's buffer, from where the evaluation takes it.
            throw VipsError("input", "")
        }
        return PixelView(inputs[input], area)
    }
}

extension Image {
    /// How a node likes its pixels to be asked for.
    package enum Demand {
        /// Small tiles, in any order.
        case tiles
        /// Bands of rows over the full width, from top to bottom.
        case rows
    }

    /// A node whose pixels `fill` computes, on libvips's worker threads, several at once.
    ///
    /// Metadata comes from the first input. `fill` must fill all of the request's output, for any
    /// rectangle; an error it throws stops the evaluation and is thrown by it.
    package static func node(
        _ header: ImageHeader,
        inputs: [Image],
        demand: Demand,
        fill: @escaping @Sendable (NodeRequest) throws -> Void
    ) throws(VipsError) -> Image {
        try Vips.enter("node") {
            let output = vips_image_new()!
            let image = Image(owning: output)
            let hint = demand == .tiles ? VIPS_DEMAND_STYLE_SMALLTILE : VIPS_DEMAND_STYLE_FATSTRIP
            var pointers = inputs.map { Optional($0.pointer) } + [nil]
            guard vips_image_pipeline_array(output, hint, &pointers) == 0 else { return nil }
            if inputs.isEmpty {
                vips_image_init_fields(
                    output,
                    Int32(header.width),
                    Int32(header.height),
                    Int32(header.bands),
                    header.format.vips,
                    VIPS_CODING_NONE,
                    VIPS_INTERPRETATION_MULTIBAND,
                    1,
                    1
                )
            }
            output.pointee.Xsize = Int32(header.width)
            output.pointee.Ysize = Int32(header.height)
            output.pointee.Bands = Int32(header.bands)
            output.pointee.BandFmt = header.format.vips
            if let nick = header.interpretation {
                let value = vips_enum_from_nick("node", vips_interpretation_get_type(), nick)
                output.pointee.Type = VipsInterpretation(value)
            }
            let node = Unmanaged.passRetained(Node(inputs: inputs, fill: fill)).toOpaque()
            // The node goes when the image closes; libvips calls `stop` long before that.
            let onClose: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) -> Void
            onClose = { _, context in Unmanaged<Node>.fromOpaque(context!).release() }
            g_signal_connect_data(
                output,
                "postclose",
                unsafeBitCast(onClose, to: GCallback.self),
                node,
                nil,
                GConnectFlags(rawValue: 0)
            )
            return vips_image_generate(output, startNode, generateNode, stopNode, node, nil) == 0
                ? image : nil
        }
    }
}

/// What a node's callbacks share.
///
/// It holds the inputs, so that they outlive the node.
private final class Node: Sendable {
    let inputs: [Image]
    let fill: @Sendable (NodeRequest) throws -> Void

    init(inputs: [Image], fill: @escaping @Sendable (NodeRequest) throws -> Void) {
        self.inputs = inputs
        self.fill = fill
    }
}

/// The input regions of one worker thread, which may use them alone.
private final class Sequence {
    let regions: [UnsafeMutablePointer<VipsRegion>]

    init(_ inputs: [Image]) { regions = inputs.map { vips_region_new($0.pointer) } }

    deinit { for region in regions { g_object_unref(region) } }
}

private let startNode: VipsStartFn = { _, node, _ in
    let node = Unmanaged<Node>.fromOpaque(node!).takeUnretainedValue()
    return Unmanaged.passRetained(Sequence(node.inputs)).toOpaque()
}

private let stopNode: VipsStopFn = { sequence, _, _ in
    Unmanaged<Sequence>.fromOpaque(sequence!).release()
    return 0
}

private let generateNode: VipsGenerateFn = { region, sequence, node, _, _ in
    let node = Unmanaged<Node>.fromOpaque(node!).takeUnretainedValue()
    let sequence = Unmanaged<Sequence>.fromOpaque(sequence!).takeUnretainedValue()
    let output = PixelView(region!, Rectangle(region!.pointee.valid))
    do {
        try node.fill(NodeRequest(inputs: sequence.regions, output: output))
        return 0
    } catch {
        // An upstream failure has left its text already.
        if let error = error as? VipsError, error.detail.isEmpty { return -1 }
        Evaluation.fail(with: error)
        return -1
    }
}
