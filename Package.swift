// swift-tools-version: 6.2
import PackageDescription

/// Every task plugin: `Plugins/<Name>/<Name>.swift`, built as `lib<Name>.so` beside the executable.
let plugins = [
    "SuperResolution", "Colorization", "ImageTranslation", "Inpainting", "StyleTransfer",
]

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableExperimentalFeature("Lifetimes"),
    .treatAllWarnings(as: .error),
]

/// A target of the floor tower; it may name only targets of lower floors.
func floor(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [])
    -> Target
{
    .target(
        name: name,
        dependencies: dependencies,
        exclude: exclude,
        swiftSettings: settings
    )
}

/// Tests of one target, with what they share.
func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(
        name: name + "Tests",
        dependencies: ["Support"] + dependencies,
        exclude: exclude,
        swiftSettings: settings
    )
}

let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let arguments = Target.Dependency.product(
    name: "ArgumentParser",
    package: "swift-argument-parser"
)

let package = Package(
    name: "atelier",
    products: [.executable(name: "atelier", targets: ["atelier"])]
        + plugins.map { .library(name: $0, type: .dynamic, targets: [$0]) },
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    ],
    targets: [
        // Floor 0: ground
        .target(name: "CPluginABI"),
        // -O3 also in debug builds: a kernel that is not optimized is no use.
        .target(
            name: "CKernels",
            exclude: [
                "bfloat.inc", "convolution.inc", "elementwise.inc", "endings.inc", "outer.inc",
                "peak.inc", "runs.inc", "tiles.inc", "variants.inc", "vectors.inc",
                "winograd.inc",
            ],
            cSettings: [.unsafeFlags(["-O3", "-fno-math-errno", "-Wno-psabi"])]
        ),
        .systemLibrary(name: "CVips", pkgConfig: "vips", providers: [.apt(["libvips-dev"])]),
        .systemLibrary(
            name: "COpenBLAS",
            pkgConfig: "openblas",
            providers: [.apt(["libopenblas-dev"])]
        ),
        // Floor 1: values
        floor("Tensors"),
        floor("Parameters"),
        floor("Metadata"),
        // Floor 2: faces
        floor("Chains"),
        floor("PluginKit", ["CPluginABI"]),
        floor("Vips", ["CVips"]),
        floor("Kernels", ["CKernels", "COpenBLAS", "Tensors"]),
        floor("Measures", ["Tensors"]),
        // Floor 3: machinery
        floor("Graphs", ["Tensors", "Kernels"]),
        floor("Streams", ["Tensors", "Kernels", "Vips", "Graphs"]),
        // Floor 4: learning, files
        floor("ONNX", ["Tensors", "Graphs", protobuf], exclude: ["onnx.proto"]),
        floor("TrainingData", ["Tensors", "Vips", "Kernels", "Measures"]),
        floor("TrainingLogs", ["Tensors", "Vips"]),
        floor("Training", ["Tensors", "Kernels", "Graphs"]),
        // Floor 5: parts
        floor(
            "Recipes",
            [
                "Tensors", "Parameters", "Kernels", "Measures", "Vips", "Graphs", "ONNX",
                "Training", "TrainingData", "TrainingLogs",
            ]
        ),
        floor(
            "Inference",
            ["Tensors", "Kernels", "Measures", "Vips", "Graphs", "Streams", "ONNX"]
        ),
        floor("PluginHost", ["CPluginABI", "Tensors", "Parameters", "Vips"]),
        // Floor 6: whole
        floor(
            "Engine",
            [
                "Tensors", "Parameters", "Metadata", "Chains", "Vips", "Measures", "Graphs", "Streams",
                "ONNX", "Inference", "PluginHost",
            ]
        ),
        // Floor 7: door
        .executableTarget(
            name: "atelier",
            dependencies: [
                "Tensors", "Parameters", "Chains", "Vips", "Kernels", "Graphs", "Streams",
                "Training", "Inference", "PluginHost", "Recipes", "Engine", arguments,
            ],
            path: "Sources/CLI",
            swiftSettings: settings
        ),
        // Tests
        .target(
            name: "Support",
            dependencies: ["Tensors", "Kernels", "Graphs"],
            path: "Tests/Support",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "atelier-fuzz",
            dependencies: ["Support", "Tensors", "Kernels", "Graphs", "ONNX", protobuf],
            path: "Tests/Fuzz",
            swiftSettings: settings
        ),
        tests("Kernels", ["Tensors", "Kernels"]),
        tests("Graphs", ["Tensors", "Kernels", "Graphs"]),
        tests("Chains", ["Parameters", "Chains"]),
        tests("Tensors", ["Tensors"]),
        tests("Measures", ["Tensors", "Measures"]),
        tests("Metadata", ["Metadata", "Vips"]),
        tests("Vips", ["Vips"]),
        tests("Streams", ["Tensors", "Kernels", "Vips", "Graphs", "Streams", "ONNX"]),
        tests("Training", ["Tensors", "Kernels", "Graphs", "Measures", "Training"], exclude: ["Torch"]),
        tests("ONNX", ["Tensors", "Graphs", "ONNX", protobuf]),
        tests("TrainingData", ["Tensors", "Vips", "Measures", "TrainingData"]),
        tests("TrainingLogs", ["Tensors", "Vips", "TrainingLogs"]),
        tests(
            "Recipes",
            [
                "Tensors", "Kernels", "Measures", "Graphs", "ONNX", "Streams", "Training",
                "TrainingData", "TrainingLogs", "Recipes", "Inference",
            ]
        ),
        tests("Conformance", ["Tensors", "Graphs", "ONNX", protobuf]),
        tests("PluginHost", ["PluginHost", "Vips"], exclude: ["Fixtures"]),
        tests("Plugins", ["Tensors", "Vips", "Graphs", "ONNX"]),
        tests("Command", ["Tensors", "Vips", "Graphs", "ONNX", "Recipes"]),
    ]
        // Aside: plugins
        + plugins.map {
            .target(
                name: $0,
                dependencies: ["PluginKit", "CPluginABI"],
                path: "Plugins/\($0)",
                swiftSettings: settings
            )
        },
    swiftLanguageModes: [.v6]
)
