package import Tensors

/// Where two tensors differ most, in words; `nil` if they agree within `tolerance`.
package func difference(_ a: Tensor, _ b: Tensor, tolerance: Float = 1e-5) -> String? {
    guard a.shape == b.shape else { return "shapes \(a.shape) and \(b.shape)" }
    let (x, y) = (
        a.converted(to: .float32).array(of: Float.self),
        b.converted(to: .float32).array(of: Float.self)
    )
    var worst = (index: -1, distance: Float(0))
    for i in x.indices {
        if x[i] == y[i] || (x[i].isNaN && y[i].isNaN) { continue }
        let distance = abs(x[i] - y[i])
        if !(distance <= worst.distance) { worst = (i, distance) }
    }
    guard worst.index >= 0, !(worst.distance <= tolerance) else { return nil }
    return "shape \(a.shape), element \(worst.index): \(x[worst.index]) and \(y[worst.index])"
}
