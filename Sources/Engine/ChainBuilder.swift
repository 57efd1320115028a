internal import Chains
internal import Parameters
internal import PluginHost
package import Vips

/// A chain laid out as one lazy image.
package struct BuiltChain {
    package let image: Image
    /// Whether the input is decoded as it is read, once from top to bottom.
    package let isSequential: Bool
    /// The picture after each step.
    package let stages: [Stage]
    package let networks: [NetworkUse]
    /// Results of networks, each of which is computed once though steps after it look at all of it
    /// before they use it.
    fileprivate let copies: [(operation: String, copy: ScratchCopy)]
    fileprivate let context: BuildContext

    package struct Stage: Sendable {
        package let operation: String
        package let width, height, bands: Int
        package let format: SampleFormat

        init(_ operation: String, _ image: Image) {
            self.operation = operation
            (width, height, bands) = (image.width, image.height, image.bands)
            format = image.format
        }
    }

    /// Whose results are kept in scratch files, and their sizes in bytes.
    package var scratchFiles: [(operation: String, bytes: Int)] {
        copies.filter(\.copy.isWanted).map { ($0.operation, $0.copy.bytes) }
    }

    /// Does what has to be done before all pixels are asked for, once.
    func prepare() throws {
        try context.prepare()
        for (_, copy) in copies { copy.finish() }
    }
}

/// Joins the images of a chain's steps.
struct ChainBuilder {
    let chain: ResolvedChain
    let catalogue: OperationCatalogue
    /// Whether pixels are never asked for: steps that look at results of networks see black.
    let isPlan: Bool
    let makeContext: (Networks) -> BuildContext
    let makeNetworks: () -> Networks

    /// Lays out the chain over a picture, with sequential reading where every step allows it.
    func build(over picture: Picture) throws -> BuiltChain {
        let opened = try picture.open(sequentially: false)
        let first = try build(over: opened.image, isSequential: false)
        guard !first.needsRandomAccess, !opened.isTurned, !picture.isStandardInput else {
            return first.result
        }
        return try build(over: try picture.open(sequentially: true).image, isSequential: true)
            .result
    }

    private func build(
        over image: Image,
        isSequential: Bool
    ) throws -> (result: BuiltChain, needsRandomAccess: Bool) {
        let networks = makeNetworks()
        let context = makeContext(networks)
        let input = BuildImage(image, in: context)
        var results = ["in": input]
        var current = input
        var stages = [BuiltChain.Stage("in", image)]
        var copies: [(operation: String, copy: ScratchCopy)] = []
        for (index, step) in chain.steps.enumerated() {
            let networksBefore = networks.uses.count
            switch step.origin {
            case .previous: break
            case .named(let name): current = results[name]!
            case .file(let path):
                current = BuildImage(
                    try Picture(path: path).open(sequentially: false).image,
                    in: context
                )
            }
            current = try build(step, on: current, results, context)
            if networks.uses.count > networksBefore, index < chain.steps.count - 1 {
                let copy = ScratchCopy(of: current.image, isBlack: isPlan) {
                    context.log(.warning, $0)
                }
                copies.append((step.operation.name, copy))
                current = BuildImage(try copy.image(), in: context)
            }
            if let name = step.written.name { results[name.text] = current }
            stages.append(BuiltChain.Stage(step.operation.name, current.image))
        }
        if isPlan, !copies.isEmpty {
            // Those that will be looked at later learn of it.
            for picture in context.picturesToLookAt {
                _ = try picture.part(Rectangle(left: 0, top: 0, width: 1, height: 1)).bytes()
            }
        }
        let result = BuiltChain(
            image: current.image,
            isSequential: isSequential,
            stages: stages,
            networks: networks.uses,
            copies: copies,
            context: context
        )
        return (result, context.needsRandomAccess)
    }

    private func build(
        _ step: ResolvedChain.Step,
        on input: BuildImage,
        _ results: [String: BuildImage],
        _ context: BuildContext
    ) throws -> BuildImage {
        var images: [String: BuildImage] = [:]
        for case .image(let text)? in step.values.map(\.value) {
            images[text] =
                text.hasPrefix("@")
                ? results[String(text.dropFirst())]!
                : BuildImage(try Picture(path: text).open(sequentially: false).image, in: context)
        }
        switch step.operation.origin {
        case .plugin(let path, _):
            do {
                return try catalogue.plugins.library(path).build(
                    step.operation.name,
                    values: step.values,
                    images: images,
                    input: input,
                    in: context
                )
            } catch let error as PluginError where error.isBadValue {
                throw ChainError(
                    error.description,
                    at: step.written.operation.place,
                    in: chain.chain.source
                )
            }
        case .vips(let description):
            if !description.isSequential { context.requireRandomAccess() }
            var arguments = [description.mainInput!.name: OperationArgument.image(input.read())]
            for (parameter, value) in zip(step.operation.parameters, step.values)
            where value.isGiven {
                arguments[parameter.key] = OperationArgument(value.value!, images)
            }
            do throws(VipsError) {
                return BuildImage(try Image.image(description.name, arguments), in: context)
            } catch {
                // libvips repeats the operation's name in front of what is wrong.
                let reason = error.detail.replacing("\(description.name): ", with: "")
                throw ChainError(
                    "\(step.written.operation.text) cannot be done with these settings: \(reason)",
                    at: step.written.operation.place,
                    in: chain.chain.source
                )
            }
        }
    }
}

extension OperationArgument {
    /// A checked value as libvips takes it.
    fileprivate init(_ value: ParameterValue, _ images: [String: BuildImage]) {
        self =
            switch value {
            case .bool(let flag): .bool(flag)
            case .int(let number): .int(number)
            case .float(let number): .double(number)
            case .string(let text): .string(text)
            case .color(let numbers), .numbers(let numbers): .doubles(numbers)
            case .image(let text): .image(images[text]!.read())
            }
    }
}
