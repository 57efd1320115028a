extension Tensor {
    /// The elements converted to another type: floats round toward zero and saturate when they
    /// become integers, integers keep their low bits.
    package func converted(to type: ElementType) -> Tensor {
        if type == elementType { return self }
        func from<Source: TensorElement>(_ source: Source.Type) -> Tensor {
            func to<Target: TensorElement>(_ target: Target.Type) -> Tensor {
                var result = Tensor(uninitialized: shape, type: type)
                let elements = span(of: source)
                var converted = result.mutableSpan(of: target)
                if elementType.isFloatingPoint || type.isFloatingPoint {
                    for i in elements.indices {
                        converted[i] = Target(converting: elements[i].asDouble)
                    }
                } else {
                    for i in elements.indices {
                        converted[i] = Target(truncating: elements[i].asInt64)
                    }
                }
                return result
            }
            return to(type.swiftType)
        }
        return from(elementType.swiftType)
    }
}
