extension Int {
    /// The quotient rounded toward minus infinity.
    @inlinable
    package func flooredQuotient(by divisor: Int) -> Int {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder != 0 && (remainder < 0) != (divisor < 0) ? quotient - 1 : quotient
    }

    /// The quotient rounded toward plus infinity.
    @inlinable
    package func ceiledQuotient(by divisor: Int) -> Int {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder != 0 && (remainder < 0) == (divisor < 0) ? quotient + 1 : quotient
    }

    /// The product, or the end of the range of integers where it lies beyond.
    package func saturatingProduct(with other: Int) -> Int {
        let (product, overflows) = multipliedReportingOverflow(by: other)
        return overflows ? ((self < 0) == (other < 0) ? .max : .min) : product
    }

    /// The sum, or the end of the range of integers where it lies beyond.
    package func saturatingSum(with other: Int) -> Int {
        let (sum, overflows) = addingReportingOverflow(other)
        return overflows ? (other > 0 ? .max : .min) : sum
    }
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
