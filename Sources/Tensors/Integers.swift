extension Int {
    /// The quotient rounded toward minus infinity.
    @inlinable
    package func flooredQuotient(by divisor: Int) -> Int {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder != 0 && (remainder < 0) != (divisor < 0) ? quotient - 1 : quotient
    }

    /// The quotient rounded toward plus infinity.
    @inlinable
    package func ceiledQuotient(by divisor: Int) -> Int { -(-self).flooredQuotient(by: divisor) }
}

/// Calls `body` with every index into an array of this shape, last axis fastest.
package func forEachIndex(_ shape: [Int], _ body: ([Int]) -> Void) {
    guard shape.allSatisfy({ $0 > 0 }) else { return }
    var index = [Int](repeating: 0, count: shape.count)
    while true {
        body(index)
        var axis = shape.count - 1
        while axis >= 0 {
            index[axis] += 1
            if index[axis] < shape[axis] { break }
            index[axis] = 0
            axis -= 1
        }
        if axis < 0 { return }
    }
}
