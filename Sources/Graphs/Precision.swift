/// How exactly a network computes the products of its convolutions.
package enum Precision: String, Sendable, CaseIterable {
    /// In float32.
    case full
    /// Of numbers rounded to bfloat16 where the processor is faster at that and the result stays
    /// close.
    case fast
}
