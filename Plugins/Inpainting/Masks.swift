import CPluginABI
import PluginKit

// Masks are white on black: one band of 0 or 255.
extension LazyImage {
    /// Any picture as a mask: white where it is more than half as bright as white, and opaque.
    func blackAndWhite(inverted: Bool) throws -> LazyImage {
        var picture = self
        if try picture.info.has_alpha != 0 {
            picture = try picture.operation("flatten", ["background": .doubles([0])])
        }
        if try picture.info.bands > 1 {
            picture = try picture.operation("colourspace", ["space": .string("b-w")])
        }
        if try picture.info.bands > 1 {
            picture = try picture.operation("extract_band", ["band": .int(0)])
        }
        return try picture.compared(inverted ? "less" : "moreeq", try picture.info.peak / 2)
    }

    /// White where pixels compare so with a number.
    func compared(_ relation: String, _ number: Double) throws -> LazyImage {
        try operation(
            "relational_const",
            ["relational": .string(relation), "c": .doubles([number])]
        )
    }

    /// The mask with every white pixel made a square that reaches so many pixels further.
    func grown(by reach: Int) throws -> LazyImage { try brightest(within: reach) }

    /// Parts of the mask that are thicker than twice so many pixels, and what lies less than that and
    /// a margin around them; kept.
    func opened(by reach: Int, margin: Int) throws -> LazyImage {
        try and(darkest(within: reach).grown(by: reach + margin)).kept()
    }

    /// The image, of which what has been computed is kept for others that want it: as many rows as those
    /// who look furthest around go through.
    ///
    /// - Parameters:
    ///   - tile: side of the squares that are computed at once, in pixels.
    ///   - rows: a multiple of it.
    func kept(tile: Int = 256, rows: Int = 4096) throws -> LazyImage {
        let columns = (Int(try info.width) + tile - 1) / tile
        return try operation(
            "tilecache",
            [
                "tile-width": .int(tile), "tile-height": .int(tile),
                "max-tiles": .int(columns * rows / tile), "access": .string("random"),
                "threaded": .bool(true),
            ]
        )
    }

    /// The mask grown, with grey in the outermost pixels of what was added; black outside `hole`.
    func softlyGrown(by reach: Int, edge: Int, inside hole: LazyImage) throws -> LazyImage {
        guard edge > 0 else { return hole }
        let core = try grown(by: reach - edge)
        let soft = try grown(by: reach - edge / 2).operation(
            "gaussblur",
            ["sigma": .double(Double(edge) / 3)]
        )
        let whole = try core.chosen(core, else: soft)
        return try hole.chosen(whole, else: hole)
    }

    /// Pixels of one image where this mask is white, of another where it is black.
    func chosen(_ image: LazyImage, else other: LazyImage) throws -> LazyImage {
        try operation("ifthenelse", input: "cond", ["in1": .image(image), "in2": .image(other)])
    }

    /// Where a photo has lines of up to six pixels, or specks, that are brighter or darker than what
    /// surrounds them.
    ///
    /// A pixel stands out by what a morphological opening takes away from it, or a closing adds to it.
    /// Where most of the photo around stands out it must do so much more, and near pixels that are found
    /// half as much is enough.
    func scratches(sensitivity: Double) throws -> LazyImage {
        let grey = try brightness()
        let bright = try grey.minus(grey.darkest(within: 3).brightest(within: 3))
        let dark = try grey.brightest(within: 3).darkest(within: 3).minus(grey)
        let distance = try bright.operation(
            "relational",
            input: "left",
            [
                "right": .image(dark), "relational": .string("more"),
            ]
        ).chosen(bright, else: dark)
        let least = 8 + 48 * (1 - sensitivity) * (1 - sensitivity)
        // Larger numbers than 255 become 255: white stands for all that stands out.
        let share = try distance.scaled(by: 255 / least).bytes().operation(
            "gaussblur",
            ["sigma": .double(12)]
        )
        let threshold = try share.scaled(by: 4 * least / 255, plus: least)
        let found = try distance.minus(threshold).compared("more", 0)
        let likely = try distance.minus(threshold.scaled(by: 0.5)).compared("more", 0)
        return try likely.and(found.grown(by: 12))
    }

    private func brightness() throws -> LazyImage {
        let isGrey = try info.bands == 1
        let grey = try isGrey ? self : operation("colourspace", ["space": .string("b-w")])
        return try grey.scaled(by: 255 / grey.info.peak).bytes()
    }

    func minus(_ other: LazyImage) throws -> LazyImage {
        try operation("subtract", input: "left", ["right": .image(other)])
    }

    func scaled(by factor: Double, plus offset: Double = 0) throws -> LazyImage {
        if factor == 1, offset == 0 { return self }
        return try operation("linear", ["a": .doubles([factor]), "b": .doubles([offset])])
    }

    /// White where both masks are.
    func and(_ other: LazyImage) throws -> LazyImage { try combined("and", other) }

    /// The mask without a part of it, which is white in the other.
    func without(_ part: LazyImage) throws -> LazyImage { try combined("eor", part) }

    private func combined(_ word: String, _ other: LazyImage) throws -> LazyImage {
        try operation(
            "boolean",
            input: "left",
            ["right": .image(other), "boolean": .string(word)]
        )
    }

    private func bytes() throws -> LazyImage {
        try operation("cast", ["format": .string("uchar")])
    }
}

extension LazyImage {
    /// Half the size, from the pixels outside a hole only, and the hole at that size, kept.
    func halved(without hole: LazyImage) throws -> (photo: LazyImage, hole: LazyImage) {
        // 1 for known pixels, 0 in the hole.
        let known = try hole.operation(
            "linear",
            ["a": .doubles([-1.0 / 255]), "b": .doubles([1])]
        )
        func halved(_ image: LazyImage) throws -> LazyImage {
            try image.operation(
                "shrink",
                ["hshrink": .double(2), "vshrink": .double(2), "ceil": .bool(true)]
            )
        }
        let share = try halved(known)
        let sums = try halved(
            operation("multiply", input: "left", ["right": .image(known)])
        )
        let means = try sums.operation("divide", input: "left", ["right": .image(share)])
        return (try means.rounded(like: self), try share.compared("less", 0.25).kept())
    }
}
