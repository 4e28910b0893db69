// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "embedding",
    dependencies: [
        .package(name: "vencejo", path: "../..")
    ],
    targets: [
        // The engine alone: model file in, predictions out, no sockets.
        .executableTarget(
            name: "predict-once", dependencies: [.product(name: "VencejoEngine", package: "vencejo")]),
        // The whole server on a free port.
        .executableTarget(
            name: "serve-embedded", dependencies: [.product(name: "VencejoServer", package: "vencejo")]),
    ]
)
