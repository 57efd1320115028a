internal import Tensors
internal import TrainingData

/// What an inpainting learns from, and what it is measured by.
struct InpaintingData {
    /// Items of `target`, `picture` and `mask`: what was there, what the network is shown, and what it
    /// may change.
    let items: Items
    /// Pictures of numbers from 0 to 1, with fixed masks.
    let examples: [HoledPicture]
    /// What it is, for a model's card.
    let name: String
    /// Pictures that are not trained on, by their paths.
    let heldOut: [String]?
    let warnings: () -> [String]

    /// Photos of a folder, with holes drawn for every sample.
    init(_ recipe: Inpainting, photos folder: String) throws(DataError) {
        let crop = recipe.settings.int("crop")
        let reader = PictureReader()
        let photos = try PictureFolder(folder, smallest: crop, reader: reader)
        let split = Split(count: photos.count)
        items = Items(count: split.training.count) { (index, random) throws(DataError) in
            let part = try photos.picture(split.training[index]).interestingCrop(crop, &random)
            let target = Symmetry.random(&random).apply(to: part)
            let mask = recipe.corruption(&random).mask(width: crop, height: crop, &random)
            return Self.item(target, mask, coarse: recipe.settings.float("coarse"), &random)
        }
        var examples: [HoledPicture] = []
        for (place, index) in split.measuring.prefix(24).enumerated() {
            let photo = try photos.picture(index)
            var random = RandomNumbers(seed: 1, name: "examples").part(place)
            examples.append(
                HoledPicture(
                    picture: photo.tensor(Crop.center(crop, in: photo.size)),
                    mask: recipe.corruption(&random).mask(width: crop, height: crop, &random)
                )
            )
        }
        self.examples = examples
        name = folder
        heldOut = split.heldOut(of: photos)
        warnings = { reader.warnings }
    }

    init(_ items: Items, examples: [HoledPicture], name: String) {
        self.items = items
        self.examples = examples
        self.name = name
        heldOut = nil
        warnings = { [] }
    }

    /// A sample with a hole, in which by a chance of `coarse` there is its content at half the size.
    static func item(
        _ target: Tensor,
        _ mask: Tensor,
        coarse: Double = 0,
        _ random: inout RandomNumbers
    ) -> [String: Content] {
        var (picture, known) = (target, mask)
        if coarse > 0, random.happens(coarse) {
            picture = target.resized(by: 0.5).resized(by: 2)
            known = mask.halved
        }
        return ["target": .picture(target), "picture": .picture(picture), "mask": .plain(known)]
    }
}

extension Tensor {
    fileprivate var halved: Tensor {
        Tensor(shape: shape, values: array(of: Float.self).map { $0 / 2 })
    }
}
