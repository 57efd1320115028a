internal import Tensors

/// A side of a tensor's shape, which may depend on sizes known only later.
///
/// A polynomial with integer coefficients over named sizes ("height") and floored quotients of
/// polynomials, kept in a normal form: two dimensions that are equal as such compare equal.
///
/// Arithmetic stops at the ends of the range of integers, and a polynomial with too many terms
/// becomes `tooLarge`: no tensor has such a side.
package struct Dimension: Hashable, Sendable {
    /// What a dimension depends on.
    indirect enum Atom: Hashable, Sendable {
        case size(String)
        case flooredQuotient(Dimension, Int)

        var size: Int {
            switch self {
            case .size: 1
            case .flooredQuotient(let p, _): 1 + p.size
            }
        }
    }

    /// A coefficient times a product of atoms; the atoms are sorted by their text.
    private var terms: [[Atom]: Int]
    /// How many terms and atoms there are, those inside of quotients counted too.
    private let size: Int

    private init(terms: [[Atom]: Int]) {
        let terms = terms.filter { $0.value != 0 }
        let size = terms.keys.reduce(0) { $0 + $1.reduce(1) { $0 + $1.size } }
        let isTooLarge = size > Self.largestSize
        self.terms = isTooLarge ? [[]: Self.largest] : terms
        self.size = isTooLarge ? 1 : size
    }

    private static let largestSize = 400
    private static let largest = 1 << 62

    /// What stands for a side beyond all bounds.
    static let tooLarge = Dimension(largest)

    package init(_ constant: Int) { self.init(terms: [[]: constant]) }

    /// A size that is known later, by its name.
    package static func named(_ name: String) -> Dimension { Dimension(terms: [[.size(name)]: 1]) }

    /// The value, if it depends on nothing.
    package var constant: Int? {
        if terms.isEmpty { return 0 }
        return terms.count == 1 ? terms[[]] : nil
    }

    package static func + (a: Dimension, b: Dimension) -> Dimension {
        Dimension(terms: a.terms.merging(b.terms) { $0.saturatingSum(with: $1) })
    }

    package static prefix func - (a: Dimension) -> Dimension {
        Dimension(terms: a.terms.mapValues { $0.saturatingProduct(with: -1) })
    }

    package static func - (a: Dimension, b: Dimension) -> Dimension { a + -b }

    package static func * (a: Dimension, b: Dimension) -> Dimension {
        if let m = a.constant, let n = b.constant { return Dimension(m.saturatingProduct(with: n)) }
        guard a.terms.count * b.terms.count <= largestSize else { return tooLarge }
        var terms: [[Atom]: Int] = [:]
        for (x, m) in a.terms {
            for (y, n) in b.terms {
                let product = (x + y).sorted { $0.description < $1.description }
                let sum = terms[product, default: 0]
                terms[product] = sum.saturatingSum(with: m.saturatingProduct(with: n))
            }
        }
        return Dimension(terms: terms)
    }

    /// The quotient rounded down.
    ///
    /// `divisor` must be positive.
    package func floored(by divisor: Int) -> Dimension {
        precondition(divisor > 0, "a divisor is positive")
        if divisor == 1 { return self }
        // What divides evenly leaves the quotient; the rest stays inside.
        var outside: [[Atom]: Int] = [:]
        var inside: [[Atom]: Int] = [:]
        for (atoms, coefficient) in terms {
            let quotient = coefficient.flooredQuotient(by: divisor)
            outside[atoms] = quotient
            inside[atoms] = coefficient &- quotient &* divisor
        }
        let rest = Dimension(terms: inside)
        if rest.constant != nil { return Dimension(terms: outside) }
        // ⌊(⌊p/a⌋ + c)/b⌋ = ⌊(p + a·c)/(a·b)⌋
        if case .flooredQuotient(let p, let a)? = rest.onlyAtom {
            let constant = Dimension(a.saturatingProduct(with: rest.terms[[]] ?? 0))
            let product = a.saturatingProduct(with: divisor)
            return Dimension(terms: outside) + (p + constant).floored(by: product)
        }
        let quotient = Dimension(terms: [[.flooredQuotient(rest, divisor)]: 1])
        return Dimension(terms: outside) + quotient
    }

    /// The quotient rounded up.
    ///
    /// `divisor` must be positive.
    package func ceiled(by divisor: Int) -> Dimension {
        if let constant { return Dimension(constant.ceiledQuotient(by: divisor)) }
        return -(-self).floored(by: divisor)
    }

    /// `self / other` if that is the same number whatever the sizes, as a fraction in lowest terms.
    package func ratio(to other: Dimension) -> (numerator: Int, denominator: Int)? {
        guard let (atoms, n) = terms.first(where: { !$0.key.isEmpty }) ?? terms.first,
            let d = other.terms[atoms], n > 0, d > 0
        else { return nil }
        guard self * Dimension(d) == other * Dimension(n) else { return nil }
        let divisor = greatestCommonDivisor(n, d)
        return (n / divisor, d / divisor)
    }

    /// The value for given sizes; `nil` if one is missing.
    package func value(_ sizes: [String: Int]) -> Int? {
        var sum = 0
        for (atoms, coefficient) in terms {
            var product = coefficient
            for atom in atoms {
                switch atom {
                case .size(let name):
                    guard let size = sizes[name] else { return nil }
                    product = product &* size
                case .flooredQuotient(let p, let divisor):
                    guard let value = p.value(sizes) else { return nil }
                    product = product &* value.flooredQuotient(by: divisor)
                }
            }
            sum = sum &+ product
        }
        return sum
    }

    /// If this is one atom of degree one plus a constant: that atom.
    private var onlyAtom: Atom? {
        let others = terms.filter { !$0.key.isEmpty }
        guard others.count == 1, let term = others.first, term.key.count == 1, term.value == 1
        else { return nil }
        return term.key[0]
    }
}

extension Dimension: ExpressibleByIntegerLiteral {
    package init(integerLiteral value: Int) { self.init(value) }
}

extension Dimension: CustomStringConvertible {
    /// As a formula: "2·height + 3".
    package var description: String {
        if let constant { return String(constant) }
        let sorted = terms.map { ($0.key.map(\.description).joined(separator: "·"), $0.value) }
            .sorted { $0.0.isEmpty ? false : $1.0.isEmpty ? true : $0.0 < $1.0 }
        var text = ""
        for (product, coefficient) in sorted {
            let magnitude = coefficient.magnitude
            let sign = coefficient < 0 ? "-" : text.isEmpty ? "" : "+"
            if text.isEmpty { text = sign } else { text += " \(sign) " }
            text +=
                product.isEmpty
                ? "\(magnitude)" : magnitude == 1 ? product : "\(magnitude)·\(product)"
        }
        return text
    }
}

extension Dimension.Atom: CustomStringConvertible {
    var description: String {
        switch self {
        case .size(let name): name
        case .flooredQuotient(let p, let divisor): "⌊(\(p))/\(divisor)⌋"
        }
    }
}

/// The greatest common divisor of two integers; 0 only for two zeros.
package func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
    var (a, b) = (Int(a.magnitude), Int(b.magnitude))
    while b != 0 { (a, b) = (b, a % b) }
    return a
}
