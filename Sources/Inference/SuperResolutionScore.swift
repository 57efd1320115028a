internal import FoundationEssentials
internal import Graphs
internal import Measures
internal import Vips

/// How well a super-resolution model restores photos that were made small, beside plain enlargement.
///
/// Photos are cropped to a multiple of the scale, reduced with MATLAB's bicubic filter and rounded to
/// 8 bits, enlarged, rounded again, and compared on luma (BT.601) without a border of `scale` pixels:
/// the convention of the super-resolution papers.
package struct SuperResolutionScore: Codable, Sendable {
    package var photo: String
    /// PSNR in dB.
    package var model, bicubic, lanczos: Double
    /// `nil` where no network looked.
    package var features: Features?

    /// How far the features of the enlarged pictures are from those of the original.
    package struct Features: Codable, Sendable {
        package var model, bicubic: Double
    }

    /// Measures one photo.
    ///
    /// - Parameter judge: compares features, too.
    package init(_ model: Model, photo path: String, judge: FeatureNetwork? = nil) throws {
        let scale = Int(try model.pictureNetwork().scale.value)
        photo = URL(filePath: path).lastPathComponent
        let image = try Image.open(path, sequentially: false)
        guard image.bands == 3, image.format == .u8 else {
            throw ModelError("\(path): expected a photo of three bands of 8 bits, found another")
        }
        let (width, height) = (image.width / scale * scale, image.height / scale * scale)
        let original = try planes(image).map { $0.cropped(width: width, height: height) }
        let small = original.map { $0.resized(by: 1 / Double(scale)).roundedToBytes() }
        let truth = luma(original[0], original[1], original[2])
        func score(_ planes: [Plane]) -> Double {
            peakSignalToNoise(luma(planes[0], planes[1], planes[2]), truth, border: scale)
        }
        let result = try planes(try model.apply(to: try imageOf(small)))
        self.model = score(result)
        func enlarged(_ kernel: ResizeKernel) -> [Plane] {
            small.map { $0.resized(by: Double(scale), kernel).roundedToBytes() }
        }
        let smooth = enlarged(.cubic)
        bicubic = score(smooth)
        lanczos = score(enlarged(.lanczos3))
        guard let judge else { return }
        let wanted = try judge.features(of: original)
        features = Features(
            model: judge.distance(try judge.features(of: result), wanted),
            bicubic: judge.distance(try judge.features(of: smooth), wanted)
        )
    }

    /// The means of several scores.
    package init(meanOf scores: [SuperResolutionScore]) {
        func mean(_ values: [Double]) -> Double {
            values.reduce(0, +) / Double(values.count)
        }
        photo = "mean of \(scores.count)"
        model = mean(scores.map(\.model))
        bicubic = mean(scores.map(\.bicubic))
        lanczos = mean(scores.map(\.lanczos))
        let distances = scores.compactMap(\.features)
        guard !distances.isEmpty else { return }
        features = Features(
            model: mean(distances.map(\.model)),
            bicubic: mean(distances.map(\.bicubic))
        )
    }
}

private func planes(_ image: Image) throws -> [Plane] {
    let floats = try image.floats()
    return (0..<image.bands).map { band in
        let values = stride(from: band, to: floats.count, by: image.bands).map {
            Double(floats[$0])
        }
        return Plane(width: image.width, height: image.height, values: values)
    }
}

private func imageOf(_ planes: [Plane]) throws -> Image {
    var bytes = [UInt8](repeating: 0, count: planes[0].values.count * planes.count)
    for (band, plane) in planes.enumerated() {
        for (i, value) in plane.values.enumerated() {
            bytes[i * planes.count + band] = UInt8(value)
        }
    }
    return try Image.fromMemory(
        bytes,
        width: planes[0].width,
        height: planes[0].height,
        bands: planes.count,
        format: .u8,
        interpretation: "srgb"
    )
}
