// swift-tools-version: 6.2
import PackageDescription

// One entry a layer, from the ground up. What a target may import is what its entry names;
// `Tests/TidyTests` holds the sources to it, transitive imports included. See docs/architecture.md.

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
]

func layer(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, resources: resources,
        swiftSettings: settings)
}

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
// RSA, which signs for a service account of Google's.
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")

let package = Package(
    name: "vencejo",
    products: [
        .executable(name: "vencejo", targets: ["vencejo"]),
        // To embed the whole server in a Swift program.
        .library(name: "VencejoServer", targets: ["ServerApplication"]),
        // To embed the engine alone: model file in, predictions out, no sockets.
        .library(name: "VencejoEngine", targets: ["VencejoEngine"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    ],
    targets: [
        // System headers and libraries that Swift cannot see by itself.
        .target(name: "CCurl", cSettings: [.define("_GNU_SOURCE")]),
        .target(name: "CEventLoop", cSettings: [.define("_GNU_SOURCE")]),
        .target(name: "CHost", cSettings: [.define("_GNU_SOURCE")]),
        .target(name: "CKernels"),
        .systemLibrary(name: "CNghttp2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
        .systemLibrary(name: "CBZip2", providers: [.apt(["libbz2-dev"])]),
        .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
        .systemLibrary(name: "CLZMA", pkgConfig: "liblzma", providers: [.apt(["liblzma-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        // Data and codecs.
        layer("TensorCore"),
        layer("ByteCoding"),
        layer("Compression", ["CZlib", "CBZip2", "CLZ4", "CLZMA"]),
        layer("Telemetry", [logging]),

        // Models: file bytes -> graph -> predictor.
        layer("ModelIR", ["TensorCore"]),
        layer("ModelFormats", ["ModelIR", "TensorCore", "ByteCoding", "Compression", "CYAML"]),
        layer("InferenceEngine", ["ModelIR", "TensorCore", "CKernels"]),
        layer("VencejoEngine", ["ModelFormats", "InferenceEngine", "ModelIR", "TensorCore"]),

        // Serving: which predictor answers, and when.
        layer("InferenceAPI", ["TensorCore"]),
        layer("Serving", ["InferenceAPI", "InferenceEngine", "ModelIR", "TensorCore", "Telemetry", crypto]),
        layer("ModelStore", ["Serving", "ByteCoding", "CCurl", crypto, cryptoExtras]),

        // The wire.
        layer("EventLoop", ["CEventLoop"]),
        layer("HTTPCore", ["Compression", "CNghttp2"]),
        layer("HTTPServer", ["HTTPCore", "EventLoop"]),
        layer("ServingProtocols", ["HTTPCore", "InferenceAPI", "TensorCore", "ByteCoding"]),

        // Where concrete types meet.
        layer(
            "ServerApplication",
            [
                "CHost", "ByteCoding", "EventLoop", "HTTPCore", "HTTPServer", "InferenceAPI", "InferenceEngine",
                "ModelFormats",
                "ModelIR", "ModelStore", "Serving", "ServingProtocols", "Telemetry", "TensorCore", crypto, logging,
            ]),
        .executableTarget(
            name: "vencejo", dependencies: ["ServerApplication", argumentParser], swiftSettings: settings),

        // For measuring only; no product ships them: the wire with a fixed answer behind it.
        .executableTarget(
            name: "fixed-answer", dependencies: ["HTTPServer", "HTTPCore"], path: "Benchmarks/FixedAnswer",
            swiftSettings: settings),
        // And the predictor of a model without a server around it, whose allocations are counted.
        .target(name: "CAllocationCounter", path: "Tests/Support/CAllocationCounter"),
        .executableTarget(
            name: "kernel-timer",
            dependencies: ["InferenceEngine", "ModelFormats", "ModelIR", "TensorCore", "CAllocationCounter"],
            path: "Benchmarks/KernelTimer", swiftSettings: settings),

        // The programs of Examples/embedding once more, as strangers: they see what is public, and nothing else.
        .executableTarget(
            name: "example-predict-once", dependencies: ["VencejoEngine"],
            path: "Examples/embedding/Sources/predict-once", packageAccess: false),
        .executableTarget(
            name: "example-serve-embedded", dependencies: ["ServerApplication"],
            path: "Examples/embedding/Sources/serve-embedded", packageAccess: false),

        // Tests mirror the targets.
        .target(name: "SeededRandom", path: "Tests/Support/SeededRandom", swiftSettings: settings),
        tests("ByteCodingTests", ["ByteCoding", "SeededRandom"], resources: [.copy("Fixtures")]),
        tests("CompressionTests", ["Compression"]),
        tests("TelemetryTests", ["Telemetry"]),
        tests(
            "ModelFormatsTests",
            [
                "ModelFormats", "ModelIR", "InferenceEngine", "TensorCore", "ByteCoding", "Compression", "SeededRandom",
            ],
            resources: [.copy("Fixtures")]),
        tests(
            "InferenceEngineTests",
            ["InferenceEngine", "ModelIR", "TensorCore", "CAllocationCounter", "SeededRandom"]),
        tests(
            "ServingTests",
            [
                "Serving", "EventLoop", "ModelStore", "InferenceAPI", "InferenceEngine", "ModelIR", "Telemetry",
                "TensorCore", "SeededRandom",
            ]),
        tests(
            "SimulationTests",
            [
                "ServerApplication", "EventLoop", "HTTP2Wire", "HTTPCore", "HTTPServer", "InferenceAPI",
                "InferenceEngine", "ModelIR", "ModelStore", "Serving", "ServingProtocols", "Telemetry",
                "TensorCore",
            ]),
        tests(
            "ModelStoreTests", ["ModelStore", "Serving", "InferenceEngine", "ModelIR", "Telemetry", "TensorCore"]),
        tests("TensorCoreTests", ["TensorCore"]),
        tests("ModelIRTests", ["ModelIR", "TensorCore"]),
        tests("VencejoEngineTests", ["VencejoEngine"]),
        tests("EventLoopTests", ["EventLoop", "SeededRandom"]),
        .target(
            name: "HTTP2Wire", dependencies: ["CNghttp2"], path: "Tests/Support/HTTP2Wire", swiftSettings: settings),
        tests("HTTPCoreTests", ["HTTPCore", "HTTP2Wire", "Compression", "SeededRandom"]),
        tests("HTTPServerTests", ["HTTPServer", "HTTPCore", "EventLoop", "HTTP2Wire"]),
        tests(
            "ServingProtocolsTests",
            ["ServingProtocols", "HTTPCore", "InferenceAPI", "TensorCore", "ByteCoding", "SeededRandom"]),
        tests(
            "ServerApplicationTests",
            [
                "ServerApplication", "EventLoop", "HTTPCore", "HTTPServer", "InferenceEngine", "ModelIR", "ModelStore",
                "Serving", "ServingProtocols", "Telemetry", "TensorCore", "SeededRandom",
            ]),
        tests("TidyTests", []),
    ]
)
