internal import Tensors
internal import TrainingData

/// Photos at half their size with squares and scratches cut out of them.
struct PhotoFills {
    private static let side = 64

    private let photos: PictureFolder
    private let seed: UInt64
    /// The photos that come first are for measuring, a hundred of them or a third of a few.
    private let measured: Int

    init(_ folder: String, seed: UInt64) throws(DataError) {
        photos = try PictureFolder(folder, smallest: 2 * Self.side)
        self.seed = seed
        measured = min(100, (photos.count + 2) / 3)
    }

    func figures(_ report: (String) -> Void) throws -> [AcceptanceFigure] {
        let training = try FillTraining(
            items,
            steps: 2000,
            batch: 8,
            side: Self.side,
            seed: seed
        )
        try training.run { report("photos, \($0)") }
        var figures: [AcceptanceFigure] = []
        for damage in Damage.allCases {
            let name = damage.rawValue
            let samples = try (0..<150).map { index in
                var random = RandomNumbers(seed: 3, name: name).part(index)
                let photo = try photos.picture(index % measured).halved
                let part = photo.tensor(Crop.random(Self.side, in: photo.size, &random))
                return HoledPicture(picture: part, mask: damage.mask(&random))
            }
            var mean = 0.0
            for fill in PlainFill.allCases {
                let quality = samples.quality(of: samples.filled(by: fill))
                if fill == .mean { mean = quality.peakSignalToNoise }
                figures += [
                    AcceptanceFigure(
                        "photos, \(name): \(fill.rawValue) fill, hole PSNR, dB",
                        quality.peakSignalToNoise
                    ),
                    AcceptanceFigure(
                        "photos, \(name): \(fill.rawValue) fill, gradient ratio",
                        quality.gradientRatio
                    ),
                ]
            }
            let quality = samples.quality(of: training.trainer.networks.filled(samples))
            figures += [
                AcceptanceFigure(
                    "photos, \(name): hole PSNR, dB",
                    quality.peakSignalToNoise,
                    least: mean + damage.gain
                ),
                AcceptanceFigure(
                    "photos, \(name): gradient ratio in the hole",
                    quality.gradientRatio,
                    least: 0.5
                ),
            ]
        }
        return figures
    }

    /// Crops of the other photos, with damage of all kinds.
    private var items: Items {
        let first = photos.count > measured ? measured : 0
        let photos = photos
        return Items(count: photos.count - first) { (index, random) throws(DataError) in
            let photo = try photos.picture(first + index).halved
            let part = photo.interestingCrop(Self.side, &random)
            let target = Symmetry.random(&random).apply(to: part)
            let corruption = Corruption.random(&random)
            let mask = corruption.mask(width: Self.side, height: Self.side, &random)
            return InpaintingData.item(target, mask, &random)
        }
    }

    /// What is measured.
    private enum Damage: String, CaseIterable {
        case square, scratch

        /// How many dB better than the mean of the rest it must be filled.
        var gain: Double { self == .square ? 2 : 4.5 }

        func mask(_ random: inout RandomNumbers) -> Tensor {
            switch self {
            case .square: Tensor(squareHoles: 1, 12...24, side: side, &random)
            case .scratch: Corruption(.scratch).mask(width: side, height: side, &random)
            }
        }
    }
}
