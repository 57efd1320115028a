package import Parameters
package import TrainingLogs

/// A system that can be trained, as a paper describes it.
///
/// The type says what there is to set; an instance has it set.
package protocol Recipe: Sendable {
    static var name: String { get }
    /// One sentence.
    static var summary: String { get }
    /// Its settings, those of `Settings.common` included.
    static var settings: [Parameter] { get }
    /// What shows that it works; `nil` where nothing has been set up.
    static var acceptance: (any AcceptanceExperiment)? { get }

    init(_ settings: Settings) throws

    /// What it is made of, without any data.
    func description() -> RecipeDescription
    /// Networks with fresh weights and the data of a folder, ready for the first step.
    func trainer(on data: String) throws -> any Trainer
}

extension Recipe {
    package static var acceptance: (any AcceptanceExperiment)? { nil }
}

/// What `--describe` says of a recipe.
package struct RecipeDescription: Codable, Sendable, Equatable {
    package struct Network: Codable, Sendable, Equatable {
        package let name: String
        package let parameters: Int
        /// Multiply-adds of one sample of the size trained on, forward.
        package let multiplyAdds: Double

        package init(_ name: String, parameters: Int, multiplyAdds: Double) {
            self.name = name
            self.parameters = parameters
            self.multiplyAdds = multiplyAdds
        }
    }

    package let networks: [Network]
    /// What is minimised, one line for each phase of a step.
    package let losses: [String]
    /// What lies in the data folder.
    package let data: String

    package init(networks: [Network], losses: [String], data: String) {
        self.networks = networks
        self.losses = losses
        self.data = data
    }
}

/// A recipe at work on data: networks, optimizers, and all else that steps change.
package protocol Trainer: AnyObject {
    /// Everything that steps change; what a checkpoint holds.
    var state: TrainingState { get }
    /// Warnings about the data so far, such as pictures that are left out; more may come with every
    /// step.
    var warnings: [String] { get }

    /// One step, number `step` from 0; loads its batch.
    ///
    /// - Returns: losses by name.
    func step(_ step: Int) throws -> [String: Double]
    /// Input, output, target of a few fixed samples.
    func samples() throws -> SampleSheet
    /// How good the networks are on samples kept apart, the larger the better; `nil` for recipes
    /// that have no such number.
    func score() throws -> (name: String, value: Double)?
    /// Writes what it trained for use: a folder with `model.onnx` and `card.json` for each.
    func export(to folder: String, steps: Int, hours: Double) throws
}
