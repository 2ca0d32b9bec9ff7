// swift-tools-version: 6.2
import PackageDescription

/// The SDK of the assay that made this folder; the environment may name another one.
let sdk = Context.environment["ASSAY_SDK"] ?? "SDK-FOLDER"

let package = Package(
    name: "Template",
    products: [.library(name: "Template", type: .dynamic, targets: ["Template"])],
    dependencies: [.package(name: "AssaySDK", path: sdk)],
    targets: [
        .target(
            name: "Template", dependencies: [.product(name: "AssayKit", package: "AssaySDK")],
            linkerSettings: [
                // One exported symbol, the Swift runtime inside: it runs without a toolchain.
                .unsafeFlags([
                    "-static-stdlib", "-use-ld=lld", "-Xlinker",
                    "--version-script=\(sdk)/plugin.exports", "-Xlinker", "--gc-sections",
                    "-Xlinker", "-s",
                ])
            ])
    ]
)
