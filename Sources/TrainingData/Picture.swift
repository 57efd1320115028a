package import Tensors

/// A picture in memory as samples of 8 bits: sRGB, or a mask of one band.
package struct Picture: Sendable, Equatable {
    package let size: Size
    package let bands: Int
    /// Rows without gaps, bands interleaved.
    package let samples: [UInt8]

    package init(size: Size, bands: Int, samples: [UInt8]) {
        precondition(samples.count == size.width * size.height * bands, "samples fill the picture")
        self.size = size
        self.bands = bands
        self.samples = samples
    }

    package var width: Int { size.width }
    package var height: Int { size.height }

    /// The whole picture as a tensor C × H × W of numbers from 0 to 1.
    package var tensor: Tensor { tensor(Crop(left: 0, top: 0, width: width, height: height)) }

    /// A part of the picture as a tensor C × H × W of numbers from 0 to 1.
    package func tensor(_ crop: Crop) -> Tensor {
        var result = Tensor(uninitialized: [bands, crop.height, crop.width])
        var out = result.mutableFloats
        for y in 0..<crop.height {
            let row = ((crop.top + y) * width + crop.left) * bands
            for band in 0..<bands {
                let target = (band * crop.height + y) * crop.width
                for x in 0..<crop.width {
                    out[target + x] = Float(samples[row + x * bands + band]) / 255
                }
            }
        }
        return result
    }

    /// A mask as a tensor 1 × H × W: 1 where the picture is white rather than black, else 0.
    package var hole: Tensor {
        precondition(bands == 1, "a mask has one band")
        return Tensor(
            shape: [1, height, width],
            values: samples.map { $0 >= 128 ? 1 : 0 as Float }
        )
    }

    /// The left or the right half of the picture.
    package func half(isLeft: Bool) -> Picture {
        let half = Size(width: width / 2, height: height)
        var part: [UInt8] = []
        part.reserveCapacity(half.width * height * bands)
        for y in 0..<height {
            let start = (y * width + (isLeft ? 0 : half.width)) * bands
            part += samples[start..<(start + half.width * bands)]
        }
        return Picture(size: half, bands: bands, samples: part)
    }

    /// The picture with both sides halved, each pixel the mean of four.
    package var halved: Picture {
        let half = Size(width: width / 2, height: height / 2)
        var part = [UInt8](repeating: 0, count: half.width * half.height * bands)
        for y in 0..<half.height {
            for i in 0..<(half.width * bands) {
                let first = 2 * y * width * bands + i / bands * 2 * bands + i % bands
                let second = first + width * bands
                let sum =
                    Int(samples[first]) + Int(samples[first + bands])
                    + Int(samples[second]) + Int(samples[second + bands])
                part[y * half.width * bands + i] = UInt8((sum + 2) / 4)
            }
        }
        return Picture(size: half, bands: bands, samples: part)
    }
}
