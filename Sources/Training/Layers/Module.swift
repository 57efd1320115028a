/// Numbers that training changes.
package final class Parameter<Number: Real> {
    /// A leaf that gradients can be asked for.
    package private(set) var variable: Variable<Number>

    package init(_ initial: Variable<Number>) { variable = initial.detached.tracked }

    /// Gives it other numbers.
    package func set(_ value: Variable<Number>) {
        precondition(value.shape == variable.shape, "a parameter keeps its shape")
        variable = value.detached.tracked
    }

    /// Changes its numbers where they are, unless somebody else holds them.
    func update(_ change: (UnsafeMutablePointer<Number>) -> Void) {
        variable.own()
        change(variable.base)
        variable = variable.tracked
    }
}

/// Numbers that a layer gathers by itself, such as running means.
package final class Buffer<Number: Real> {
    package var variable: Variable<Number>

    package init(_ initial: Variable<Number>) { variable = initial }
}

/// Something with parameters: a layer, or a network of them.
///
/// What it holds is found by the names of its properties, joined by dots; elements of arrays are
/// numbered.
package protocol Module<Number> {
    associatedtype Number: Real
}

extension Module {
    package var namedParameters: [(name: String, parameter: Parameter<Number>)] {
        found(Parameter<Number>.self).map { (name: $0.name, parameter: $0.object) }
    }
    package var namedBuffers: [(name: String, buffer: Buffer<Number>)] {
        found(Buffer<Number>.self).map { (name: $0.name, buffer: $0.object) }
    }
    package var namedStreams: [(name: String, stream: RandomStream)] {
        found(RandomStream.self).map { (name: $0.name, stream: $0.object) }
    }

    package var parameters: [Parameter<Number>] { namedParameters.map(\.parameter) }

    /// Numbers that training changes, all together.
    package var parameterCount: Int { parameters.reduce(0) { $0 + $1.variable.count } }

    /// All objects of a type that this is made of, each once, under its first name.
    private func found<Object: AnyObject>(_ type: Object.Type) -> [(name: String, object: Object)] {
        var found: [(name: String, object: Object)] = []
        var seen: Set<ObjectIdentifier> = []
        func visit(_ value: Any, _ name: String) {
            if let object = value as? Object {
                if seen.insert(ObjectIdentifier(object)).inserted { found.append((name, object)) }
                return
            }
            let mirror = Mirror(reflecting: value)
            let isContainer =
                switch mirror.displayStyle {
                case .collection, .optional, .tuple: true
                default: value is any Module
                }
            guard isContainer else { return }
            for (index, child) in mirror.children.enumerated() {
                // An optional's only child is what it holds.
                let label = mirror.displayStyle == .optional ? nil : child.label ?? "\(index)"
                visit(
                    child.value,
                    [name, label ?? ""].filter { !$0.isEmpty }.joined(separator: ".")
                )
            }
        }
        visit(self, "")
        return found
    }
}

/// A module that makes a variable of another.
package protocol Layer<Number>: Module {
    func callAsFunction(_ x: Variable<Number>) -> Variable<Number>
}
