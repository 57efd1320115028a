internal import Measures
internal import Tensors

/// A network whose feature maps tell how different pictures look.
///
/// It takes red, green and blue from 0 to 1 as 1 × 3 × H × W, of any size; each of its outputs is a
/// feature map.
package struct FeatureNetwork: Sendable {
    private let model: Model

    package init(_ model: Model) { self.model = model }

    /// Its feature maps of a picture of three planes from 0 to 255.
    func features(of picture: [Plane]) throws -> [Tensor] {
        let shape = [1, picture.count, picture[0].height, picture[0].width]
        let values = picture.flatMap { $0.values.map { Float($0 / 255) } }
        return try model.run([Tensor(shape: shape, values: values)])
    }

    /// How far two pictures' features are apart, all outputs alike.
    func distance(_ first: [Tensor], _ second: [Tensor]) -> Double {
        featureDistances(first, second)[0]
    }
}
