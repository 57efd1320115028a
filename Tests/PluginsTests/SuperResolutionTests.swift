import Foundation
import Graphs
import ONNX
import Support
import Tensors
import Testing
import Vips

/// Asks for sizes in every way there is.
@Suite struct SuperResolutionTests {
    private let folder: TemporaryFolder
    private let photo: String

    init() throws {
        folder = try TemporaryFolder()
        photo = folder.path("photo.png")
        try Image.image("black", ["width": .int(30), "height": .int(20), "bands": .int(3)])
            .interpreted(as: "srgb").write(to: photo)
    }

    private func enlarge(_ words: [String]) throws -> Command {
        try Command.atelier(
            ["run", photo, "-o", "out.png", "--", "super-resolution"] + words,
            environment: ["XDG_CACHE_HOME": folder.path("cache")],
            in: folder.url
        )
    }

    @Test(
        "the result has the size that was asked for",
        arguments: [
            ([], 60, 40),
            (["scale=3"], 90, 60),
            (["scale=1.5"], 45, 30),
            (["width=75"], 75, 50),
            (["height=50"], 75, 50),
            (["width=40", "height=60"], 40, 60),
        ]
    )
    func size(words: [String], width: Int, height: Int) throws {
        let command = try enlarge(words)
        #expect(command.status == 0, "\(command.errors)")
        let image = try Image.open(folder.path("out.png"), sequentially: false)
        #expect(image.width == width && image.height == height)
    }

    @Test("a scale and a size at once are refused")
    func both() throws {
        let command = try enlarge(["scale=2", "width=60"])
        #expect(command.status != 0)
        #expect(command.errors.contains("expected a scale or a size, found both"))
    }

    @Test("a model that takes noise away is told how much of it, others refuse the word")
    func denoise() throws {
        // Adds what it is told to black.
        var graph = Graph()
        let picture = ValueType(.float32, [1, 3, .named("height"), .named("width")])
        let x = graph.addInput("input", picture)
        let amount = graph.addInput("denoise", ValueType(.float32, [1, 1]))
        graph.outputs = [graph.append(Binary(.add), [x, amount])]
        try graph.onnxFile(name: "net").write(to: URL(filePath: folder.path("net.onnx")))
        for (words, sample) in [([], 0), (["denoise=0.4"], 102), (["denoise=1"], 255)] {
            let command = try enlarge(["model=net.onnx"] + words)
            #expect(command.status == 0, "\(command.errors)")
            let image = try Image.open(folder.path("out.png"), sequentially: false)
            #expect(try Set(image.floats()) == [Float(sample)])
        }
        let command = try enlarge(["denoise=0.4", "model=sr-x2"])
        #expect(command.status != 0)
        let text = "denoise= is for models that take noise away, and sr-x2 takes none; leave it out"
        #expect(command.errors.contains(text), "\(command.errors)")
    }
}
