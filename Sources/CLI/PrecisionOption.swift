import ArgumentParser
internal import Graphs

/// How exactly networks compute, an option of every verb that runs them.
struct PrecisionOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How exactly networks compute: full is float32; fast rounds factors to bfloat16 where "
                + "the processor gains from it and the result stays within 50 dB.",
            valueName: "precision"
        )
    )
    var precision = Precision.full
}

extension Precision: ExpressibleByArgument {}

/// The precision of a network in words.
func describe(_ products: FastProducts?) -> String {
    guard let products else { return "full" }
    return "fast: \(products)"
}
