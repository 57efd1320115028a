package import Tensors

/// Pictures as tensors C × H × W of numbers from 0 to 1, and what all that work on them share.
extension Tensor {
    var height: Int { shape[rank - 2] }
    var width: Int { shape[rank - 1] }

    /// Brightness as one channel: 0.299 R + 0.587 G + 0.114 B; the channel itself of grey.
    package var luma: Tensor {
        if shape[0] == 1 { return self }
        let pixels = width * height
        let values = floats
        var result = Tensor(uninitialized: [1, height, width])
        var out = result.mutableFloats
        for i in 0..<pixels {
            out[i] =
                0.299 * values[i] + 0.587 * values[pixels + i] + 0.114 * values[2 * pixels + i]
        }
        return result
    }

    /// The picture in grey, as three equal channels.
    package var grey: Tensor { luma.repeated(3) }

    /// One channel as several equal ones.
    package func repeated(_ channels: Int) -> Tensor {
        precondition(shape[0] == 1, "one channel is repeated")
        let values = array(of: Float.self)
        return Tensor(
            shape: [channels, height, width],
            values: (0..<channels).flatMap { _ in values }
        )
    }

    /// Every number changed on its own.
    func mapped(_ change: (Float) -> Float) -> Tensor {
        var result = self
        var out = result.mutableFloats
        for i in out.indices { out[i] = change(out[i]) }
        return result
    }

    /// Every pixel of three channels changed on its own.
    func mappedPixels(
        _ change: (Float, Float, Float) -> (Float, Float, Float)
    ) -> Tensor {
        precondition(shape[0] == 3, "colours have three channels")
        var result = self
        let pixels = width * height
        var out = result.mutableFloats
        for i in 0..<pixels {
            (out[i], out[pixels + i], out[2 * pixels + i]) =
                change(out[i], out[pixels + i], out[2 * pixels + i])
        }
        return result
    }

    /// Numbers below 0 and above 1 brought to the nearest end.
    package var clamped: Tensor { mapped { min(max($0, 0), 1) } }
}
