/// Why a training cannot start or go on; one sentence each.
package enum RecipeError: Error, Sendable, Equatable, CustomStringConvertible {
    case unknownRecipe(String, suggestion: String?)
    case unknownSetting(String, recipe: String, suggestion: String?)
    case badSetting(String, expected: String, found: String)
    case notATensorFile(String, found: String)
    case wrongCheckpoint(String, expected: String, found: String)
    case runExists(String)
    case noRun(String)
    case otherRun(String, expected: String, found: String)
    case cannotWrite(String, reason: String)
    case badFeatures(String, reason: String)
    case noExperiment(String)
    case needsPhotos(String)
    case diverged(step: Int, loss: String, value: String, checkpoint: String?)

    package var description: String {
        switch self {
        case .unknownRecipe(let name, let suggestion):
            "expected the name of a recipe, found \"\(name)\"" + Self.hint(suggestion)
        case .unknownSetting(let key, let recipe, let suggestion):
            "\(recipe) has no setting \"\(key)\"" + Self.hint(suggestion)
        case .badSetting(let key, let expected, let found):
            "\(key): expected \(expected), found \(found)"
        case .notATensorFile(let path, let found):
            "\(path): expected a checkpoint, found \(found)"
        case .wrongCheckpoint(let path, let expected, let found):
            "\(path): expected \(expected), found \(found)"
        case .runExists(let folder):
            "\(folder): expected a folder without a training, found one; --resume goes on with it"
        case .noRun(let folder):
            "\(folder): expected a training to go on with, found none"
        case .otherRun(let folder, let expected, let found):
            "\(folder): expected a training with \(expected), found one with \(found)"
        case .cannotWrite(let path, let reason):
            "\(path): expected a file that can be written, found: \(reason)"
        case .badFeatures(let path, let reason):
            "\(path): no features of pictures: \(reason)"
        case .noExperiment(let recipe):
            "\(recipe): expected a recipe with an acceptance experiment, found none"
        case .needsPhotos(let experiment):
            "\(experiment): expected a folder of photos as --data, found none"
        case .diverged(let step, let loss, let value, let checkpoint):
            "step \(step): expected a finite \(loss), found \(value); "
                + (checkpoint.map { "the last good state is in \($0)" }
                    ?? "no state has been saved yet")
        }
    }

    private static func hint(_ suggestion: String?) -> String {
        suggestion.map { "; did you mean \"\($0)\"?" } ?? ""
    }
}
