import CPluginABI
import PluginKit

/// Side of the squares whose grain is measured, in pixels.
private let side = 16

/// Gives holes that were filled smoothly the grain of their photo: noise as strong as that of the flattest
/// squares around them, the same in all bands.
struct Grain {
    let host: Host
    /// The photo with its holes filled.
    let photo: LazyImage
    /// White on black, 8 bits.
    let hole: LazyImage
    /// How thick the thickest hole is, in pixels.
    let thickness: Int

    /// The photo with grain in its holes; what is outside them does not matter.
    ///
    /// - Parameter amount: what the grain is multiplied with.
    func added(_ amount: Double) throws -> LazyImage {
        let (width, height) = (Int(try photo.info.width), Int(try photo.info.height))
        let noise = try noise(width, height)
        // The least of many is about a sixth below their mean.
        let own = try 0.85 * self.noise(256, 256).grainStrength().mean()
        let strength = try leastStrength().scaled(by: amount / own)
            .stretched(Double(side), Double(side), width: width, height: height)
        let grain = try noise.operation(
            "multiply",
            input: "left",
            ["right": .image(strength)]
        )
        return try photo.operation("add", input: "left", ["right": .image(grain)])
            .rounded(like: photo)
    }

    /// The least of the strengths around each square, as texture is stronger than grain.
    ///
    /// Squares that holes touch do not count, nor those without any: clipped shadows and lights have
    /// none. Where no square counts, it is 0.
    private func leastStrength() throws -> LazyImage {
        let strength = try photo.grainStrength()
        let peak = try photo.info.peak
        let counts = try hole.squares().compared("equal", 0)
            .and(strength.compared("moreeq", peak / 4096))
        let least = try counts.chosen(strength, else: strength.scaled(by: 0, plus: peak))
            .kept(tile: 32, rows: 512)
            .darkest(within: 8 + thickness / 2 / side)
        return try least.compared("more", peak / 2).chosen(least.scaled(by: 0), else: least)
            .operation("gaussblur", ["sigma": .double(2)])
    }

    /// Noise as soft as the grain of a developed photo, always the same.
    private func noise(_ width: Int, _ height: Int) throws -> LazyImage {
        try host.operation(
            "gaussnoise",
            [
                "width": .int(width), "height": .int(height), "mean": .double(0),
                "sigma": .double(1), "seed": .int(1),
            ]
        ).operation("gaussblur", ["sigma": .double(0.7)])
    }
}

extension LazyImage {
    /// How much a slight blur takes away from brightness, for every square; kept.
    fileprivate func grainStrength() throws -> LazyImage {
        let brightness = try operation("bandmean")
        let grain = try brightness.minus(brightness.operation("gaussblur", ["sigma": .double(1.5)]))
        // Kept before too, as libvips shrinks row by row and would have each computed by itself.
        return try grain.operation("abs").kept(tile: 32 * side, rows: 64 * side)
            .operation("cast", ["format": .string("float")])
            .squares().kept(tile: 32, rows: 512)
    }

    /// The mean of every square.
    fileprivate func squares() throws -> LazyImage {
        try operation(
            "shrink",
            [
                "hshrink": .double(Double(side)), "vshrink": .double(Double(side)),
                "ceil": .bool(true),
            ]
        )
    }

    /// The mean of all samples, computed now.
    fileprivate func mean() throws -> Double {
        let samples = try rendered(width: Int(info.width), height: Int(info.height)).samples
        return Double(samples.reduce(0, +)) / Double(samples.count)
    }
}
