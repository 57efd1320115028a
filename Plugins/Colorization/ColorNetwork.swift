import CPluginABI
import PluginKit

/// A network that knows colours: luma goes in, in one channel or three equal ones, and chroma comes
/// out, in two channels from −1 to 1 or as a picture in three.
struct ColorNetwork {
    private let network: Network

    init(_ network: Network) throws {
        let info = network.info
        guard [1, 3].contains(info.input_channels), [2, 3].contains(info.output_channels),
            network.scale == 1
        else {
            throw OperationError(
                badValue:
                    "expected a network from luma to chroma or colours of the same size, found one from "
                    + "\(info.input_channels) to \(info.output_channels) channels at scale \(network.scale)"
            )
        }
        self.network = network
    }

    /// What the network says of a whole small picture: the mean of what it says of that and of its mirror
    /// image, as colours do not depend on left and right.
    func chroma(of picture: LumaPlane) throws -> ChromaPlanes {
        let (one, other) = (try answer(to: picture), try answer(to: picture.mirrored))
        func mean(_ plane: KeyPath<ChromaPlanes, [Float]>) -> [Float] {
            let mirrored = mirroredRows(other[keyPath: plane], width: picture.width)
            return zip(one[keyPath: plane], mirrored).map { ($0 + $1) / 2 }
        }
        return ChromaPlanes(blue: mean(\.blue), red: mean(\.red))
    }

    private func answer(to picture: LumaPlane) throws -> ChromaPlanes {
        let count = picture.width * picture.height
        let (black, white) = network.range
        let values = picture.values.map { black + $0 * (white - black) }
        let channels = Int(network.info.input_channels)
        let input = NetworkTensor(
            shape: [1, channels, picture.height, picture.width],
            values: (0..<channels).flatMap { _ in values }
        )
        let outputChannels = Int(network.info.output_channels)
        guard let output = try network.run([input]).first,
            output.shape == [1, outputChannels, picture.height, picture.width]
        else {
            throw OperationError(
                "expected as many pixels from the network as it was given, "
                    + "\(picture.width) × \(picture.height), found others"
            )
        }
        func plane(_ index: Int) -> ArraySlice<Float> {
            output.values[index * count..<(index + 1) * count]
        }
        if outputChannels == 2 {
            return ChromaPlanes(blue: plane(0).map { $0 / 2 }, red: plane(1).map { $0 / 2 })
        }
        let isBGR = network.info.channels == UInt32(ATELIER_CHANNELS_BGR)
        let (red, green, blue) = (
            Array(plane(isBGR ? 2 : 0)), Array(plane(1)), Array(plane(isBGR ? 0 : 2))
        )
        var planes = ChromaPlanes(blue: [], red: [])
        for i in 0..<count {
            let y = luma(red[i], green[i], blue[i])
            planes.blue.append((blue[i] - y) / (1.772 * (white - black)))
            planes.red.append((red[i] - y) / (1.402 * (white - black)))
        }
        return planes
    }
}
