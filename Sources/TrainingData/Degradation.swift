package import Measures
package import Tensors
internal import Vips

/// What happens to photos on their way: shrinking, noise, compression.
///
/// All take and return pictures C × H × W of numbers from 0 to 1.
extension Tensor {
    /// The picture with both sides times `scale`, as MATLAB's `imresize` makes it.
    package func resized(by scale: Double, _ kernel: ResizeKernel = .cubic) -> Tensor {
        Tensor(planes(of: self).map { $0.resized(by: scale, kernel) })
    }

    /// The picture in another size, each side with a scale of its own.
    package func resized(to size: Size, _ kernel: ResizeKernel = .cubic) -> Tensor {
        Tensor(
            planes(of: self).map { $0.resized(width: size.width, height: size.height, kernel) }
        )
    }

    /// Every number as a file of 8 bits would hold it.
    package var roundedToBytes: Tensor { clamped.mapped { ($0 * 255).rounded() / 255 } }

    /// Normally distributed noise of one deviation, in all channels alike if `isGrey`.
    package func withNoise(
        deviation: Double,
        isGrey: Bool = false,
        _ random: inout RandomNumbers
    ) -> Tensor {
        let channels = isGrey ? 1 : shape[0]
        let noise = random.normal([channels, height, width], deviation: Float(deviation))
        let values = noise.floats
        var result = self
        var out = result.mutableFloats
        for i in out.indices { out[i] = min(max(out[i] + values[i % values.count], 0), 1) }
        return result
    }

    /// The noise of counted light, where white is `photons` events.
    package func withShotNoise(photons: Double, _ random: inout RandomNumbers) -> Tensor {
        var result = self
        var out = result.mutableFloats
        for i in out.indices {
            out[i] = min(
                Float(Double(random.poisson(Double(max(out[i], 0)) * photons)) / photons),
                1
            )
        }
        return result
    }

    /// The picture after a JPEG file of a quality from 1 to 100.
    package func throughJPEG(quality: Int) throws(DataError) -> Tensor {
        do {
            let file = try Picture(self).image().computedOnOneThread().jpegBytes(quality: quality)
            let image = try Image.open(bytes: file).computedOnOneThread()
            return Picture(
                size: Size(width: image.width, height: image.height),
                bands: image.bands,
                samples: try image.bytes()
            ).tensor
        } catch {
            throw DataError.notCompressed(reason: "\(error)")
        }
    }
}

extension Picture {
    /// A tensor C × H × W of numbers from 0 to 1, rounded to 8 bits.
    package init(_ tensor: Tensor) {
        let (bands, pixels) = (tensor.shape[0], tensor.width * tensor.height)
        let values = tensor.floats
        self.init(
            size: Size(width: tensor.width, height: tensor.height),
            bands: bands,
            samples: (0..<(bands * pixels)).map { i in
                let value = values[i % bands * pixels + i / bands]
                return UInt8(min(max(value * 255, 0), 255).rounded())
            }
        )
    }

    fileprivate func image() throws(VipsError) -> Image {
        let result = samples.withUnsafeBytes { bytes in
            Result { () throws(VipsError) in
                try Image.fromMemory(
                    bytes,
                    width: width,
                    height: height,
                    bands: bands,
                    format: .u8,
                    interpretation: bands == 1 ? "b-w" : "srgb"
                )
            }
        }
        return try result.get()
    }
}
