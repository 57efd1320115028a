/// A log that cannot be written or read; says which file and why.
package struct LogError: Error, CustomStringConvertible, Equatable {
    package let description: String

    package init(_ description: String) { self.description = description }
}
