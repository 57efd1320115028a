internal import Glibc
package import Tensors

/// Domains that are exact functions of a glyph 1 × H × W.
extension Tensor {
    /// The outline: the brightest of 3 × 3 pixels less the pixel itself.
    package var glyphEdge: Tensor {
        var result = self
        let values = floats
        var out = result.mutableFloats
        for y in 0..<height {
            for x in 0..<width {
                var most: Float = 0
                for v in max(y - 1, 0)...min(y + 1, height - 1) {
                    for u in max(x - 1, 0)...min(x + 1, width - 1) {
                        most = max(most, values[v * width + u])
                    }
                }
                out[y * width + x] = most - values[y * width + x]
            }
        }
        return result
    }

    /// The glyph in a full colour on black; hue in turns.
    package func glyph(hue: Float) -> Tensor {
        let color = HSV(hue, 1, 1).rgb
        return repeated(3).mappedPixels { (r, g, b) in (r * color.0, g * color.1, b * color.2) }
    }

    /// The glyph on a photo 3 × H × W of the same size, whose colours it turns over: |photo − glyph|.
    package func glyph(on photo: Tensor) -> Tensor {
        let glyph = floats
        var result = photo
        var out = result.mutableFloats
        for i in out.indices { out[i] = abs(out[i] - glyph[i % glyph.count]) }
        return result
    }

    /// The hue of a coloured glyph in turns, from the mean of its bright pixels; `nil` if it has none.
    package var glyphHue: Float? {
        let pixels = width * height
        let values = floats
        var (sum, count) = ((r: Float(0), g: Float(0), b: Float(0)), 0)
        for i in 0..<pixels {
            let (r, g, b) = (values[i], values[pixels + i], values[2 * pixels + i])
            guard max(r, g, b) > 0.5 else { continue }
            sum = (sum.r + r, sum.g + g, sum.b + b)
            count += 1
        }
        return count == 0 ? nil : HSV(red: sum.r, green: sum.g, blue: sum.b).hue
    }
}

/// How far apart two hues are on the colour circle, 0 to 0.5 turns.
package func hueDistance(_ a: Float, _ b: Float) -> Float {
    let distance = abs(a - b).truncatingRemainder(dividingBy: 1)
    return min(distance, 1 - distance)
}
